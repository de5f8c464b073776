using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Writes sample sheets of a transformer in training: a few images of every class.</summary>
internal sealed class SampleSheet(VqTokenizer tokenizer, ClusterMap map, TransformerConfig config)
{
    private const int Columns = 12;
    private const int MaxImages = 48;

    /// <summary>Layouts that are drawn together. Images are decoded one at a time: a sheet must not need more memory than a training step.</summary>
    private const int DrawnTogether = 8;

    private Device Device => tokenizer.Quantizer.StoredCodewords.device;

    /// <summary>Number of images.</summary>
    public int Count { get; } = Math.Min(MaxImages, 2 * config.ClassCount);

    /// <summary>Draws layouts of all classes in turn, each with its own seed.</summary>
    /// <param name="draw">Draws the layouts of some images.</param>
    /// <returns>[B] arrays of [T] coarse labels.</returns>
    public IReadOnlyList<int[]> DrawLayouts(SamplingSettings settings, Func<IReadOnlyList<ImageSpecification>, int[][]> draw) =>
    [
        .. Enumerable.Range(0, Count)
            .Select(i => new ImageSpecification(i % config.ClassCount, (ulong)i, settings, settings))
            .Chunk(DrawnTogether)
            .SelectMany(draw),
    ];

    /// <summary>Returns images of given layouts, each with its own seed.</summary>
    public static IReadOnlyList<ImageSpecification> Specifications(StageBatch layouts, SamplingSettings settings)
    {
        var classIds = layouts.ClassIds.data<long>().ToArray();
        var labels = layouts.CoarseLabels.contiguous().data<long>().Select(label => (int)label).Chunk((int)layouts.CoarseLabels.shape[1]);
        return [.. classIds.Zip(labels, (id, layout) => (Id: (int)id, Layout: layout)).Select((image, i) =>
            new ImageSpecification(image.Id, (ulong)i, settings, settings) { Layout = new LayoutSource.Given(image.Layout) })];
    }

    /// <summary>Writes tokens as images.</summary>
    /// <param name="path">Path without extension.</param>
    /// <param name="tokens">[B] arrays of [T].</param>
    public void Write(string path, IReadOnlyList<int[]> tokens) => Write(path, tokens.Select(Decode));

    /// <summary>Writes layouts as images, each label as the centroid of its cluster.</summary>
    /// <param name="path">Path without extension.</param>
    /// <param name="layouts">[B] arrays of [T] coarse labels.</param>
    public void WritePreviews(string path, IReadOnlyList<int[]> layouts)
    {
        using var decoder = new TorchVqDecoder(tokenizer, config.GridHeight, config.GridWidth, Device);
        var centroids = new CentroidDecoder(decoder, map);
        Write(path, layouts.SelectMany(layout => centroids.Decode(layout)));
    }

    private RgbImage Decode(int[] tokens)
    {
        using var scope = NewDisposeScope();
        var ids = tensor(tokens, [1, config.Positions], int64, Device);
        return Pixels.ToImage(tokenizer.VqDecode(ids, config.GridHeight, config.GridWidth)[0]);
    }

    private static void Write(string path, IEnumerable<RgbImage> images) =>
        AtomicFile.WriteBytes(path + ".png", ImageCodec.Encode(ContactSheet.Compose([.. images], Columns), ImageFormat.Png));
}
