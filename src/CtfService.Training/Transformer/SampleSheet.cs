using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Draws what a transformer in training makes, a few images of every class.</summary>
internal sealed class SampleSheet(VqTokenizer tokenizer, ClusterMap map, TransformerConfig config)
{
    private const int Columns = 12;
    private const int MostImages = 48;

    public int Count { get; } = Math.Min(MostImages, 2 * config.ClassCount);

    /// <summary>Classes in turn, one seed each.</summary>
    public IReadOnlyList<ImageSpecification> Specifications(SamplingSettings settings) =>
        [.. Enumerable.Range(0, Count).Select(i => new ImageSpecification(i % config.ClassCount, (ulong)i, settings, settings))];

    /// <param name="classIds">int64 [<see cref="Count"/>].</param>
    public static IReadOnlyList<ImageSpecification> Specifications(Tensor classIds, SamplingSettings settings) =>
        [.. classIds.data<long>().ToArray().Select((id, i) => new ImageSpecification((int)id, (ulong)i, settings, settings))];

    /// <summary>Tokens int64 [B, T] as images.</summary>
    public void Write(string path, Tensor tokens) => WriteImages(path, tokenizer.VqDecode(tokens, config.GridHeight, config.GridWidth));

    /// <summary>Coarse labels int64 [B, T] as images, through the cluster centroids.</summary>
    public void WritePreviews(string path, Tensor coarseLabels)
    {
        using var scope = NewDisposeScope();
        using var decoder = new TorchVqDecoder(tokenizer, config.GridHeight, config.GridWidth, CPU);
        int[] labels = [.. coarseLabels.flatten().data<long>().Select(label => (int)label)];
        WriteSheet(path, new CentroidDecoder(decoder, map).Decode(labels));
    }

    private static void WriteImages(string path, Tensor pixels) =>
        WriteSheet(path, [.. Enumerable.Range(0, (int)pixels.shape[0]).Select(i => Pixels.ToImage(pixels[i]))]);

    private static void WriteSheet(string path, RgbImage[] images) =>
        AtomicFile.WriteBytes(path + ".png", ImageCodec.Encode(ContactSheet.Compose(images, Columns), ImageFormat.Png));
}
