using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>Held-out images, evenly spaced over their set: measures the reconstructions of a tokenizer in training and writes a sample sheet.</summary>
internal sealed class HeldOutImages : IDisposable
{
    /// <summary>Name of the figure that holds the mean peak signal-to-noise ratio, decibels.</summary>
    public const string Psnr = "psnr";

    private const int Count = 256;
    private const int BatchSize = 64;
    private const int SheetColumns = 8;
    private const int SheetRows = 3;

    private readonly Tensor _images; // [N, 3, H, W]

    public HeldOutImages(ImageDataset dataset)
    {
        var count = Math.Min(Count, dataset.Count);
        _images = Pixels.ToTensor([.. Enumerable.Range(0, count)
            .Select(i => new RgbImage(dataset.Width, dataset.Height, dataset.Images[(int)((long)i * dataset.Count / count)]))]);
    }

    /// <summary>Returns the figures by name and writes a sheet of originals and reconstructions to <paramref name="path"/>, which has no extension.</summary>
    public IReadOnlyDictionary<string, double> Measure(VqTokenizer tokenizer, string path)
    {
        var restored = new List<Tensor>();
        var used = new HashSet<long>();
        foreach (var part in _images.split(BatchSize))
        {
            using var scope = NewDisposeScope();
            var reconstruction = tokenizer.call(part);
            used.UnionWith(reconstruction.Tokens.data<long>().ToArray());
            restored.Add(reconstruction.Image.clamp(-1, 1).MoveToOuterDisposeScope());
        }

        var images = cat(restored);
        WriteSheet(path, images);
        return new Dictionary<string, double> { [Psnr] = ImageQuality.Psnr(_images, images, range: 2), ["codewords used"] = used.Count };
    }

    public void Dispose() => _images.Dispose();

    /// <summary>Writes alternating rows of originals and reconstructions.</summary>
    private void WriteSheet(string path, Tensor restored)
    {
        var sheet = new List<RgbImage>();
        var count = (int)_images.shape[0];
        var stride = Math.Max(1, count / (SheetColumns * SheetRows));
        for (var row = 0; row < SheetRows; row++)
        {
            var chosen = Enumerable.Range(row * SheetColumns, SheetColumns).Select(i => i * stride % count).ToList();
            sheet.AddRange(chosen.Select(i => Pixels.ToImage(_images[i])));
            sheet.AddRange(chosen.Select(i => Pixels.ToImage(restored[i])));
        }

        AtomicFile.WriteBytes(path + ".png", ImageCodec.Encode(ContactSheet.Compose(sheet, SheetColumns), ImageFormat.Png));
    }
}
