using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;
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

    /// <param name="device">Device of the tokenizer.</param>
    public HeldOutImages(ImageDataset dataset, Device device)
    {
        var count = Math.Min(Count, dataset.Count);
        using var images = Pixels.ToTensor([.. Enumerable.Range(0, count)
            .Select(i => new RgbImage(dataset.Width, dataset.Height, dataset.Images[(int)((long)i * dataset.Count / count)]))]);
        _images = Upload.To(images, device).DetachFromDisposeScope();
    }

    /// <summary>Returns the work of training on an image of this size.</summary>
    public ImageWork WorkOf(TokenizerConfig tokenizer) =>
        new(_images.shape[2] / tokenizer.DownsampleFactor * (_images.shape[3] / tokenizer.DownsampleFactor), Flops: 0);

    /// <summary>Returns the figures of the reconstructions by name.</summary>
    public IReadOnlyDictionary<string, double> Measure(VqTokenizer tokenizer)
    {
        using var scope = NewDisposeScope();
        var restored = new List<Tensor>();
        var used = new HashSet<long>();
        foreach (var part in _images.split(BatchSize))
        {
            using var inner = NewDisposeScope();
            var reconstruction = tokenizer.call(part);
            used.UnionWith(reconstruction.Tokens.cpu().data<long>().ToArray());
            restored.Add(reconstruction.Image.clamp(-1, 1).MoveToOuterDisposeScope());
        }

        return new Dictionary<string, double> { [Psnr] = ImageQuality.Psnr(_images, cat(restored), range: 2), ["codewords used"] = used.Count };
    }

    /// <summary>Writes alternating rows of originals and reconstructions.</summary>
    /// <param name="path">Path of the sheet, without extension.</param>
    public void WriteSheet(VqTokenizer tokenizer, string path)
    {
        using var scope = NewDisposeScope();
        var sheet = new List<RgbImage>();
        var count = (int)_images.shape[0];
        var stride = Math.Max(1, count / (SheetColumns * SheetRows));
        for (var row = 0; row < SheetRows; row++)
        {
            var chosen = Enumerable.Range(row * SheetColumns, SheetColumns).Select(i => (long)(i * stride % count)).ToArray();
            var originals = _images.index_select(0, tensor(chosen, device: _images.device));
            foreach (var images in new[] { originals, tokenizer.call(originals).Image })
            {
                sheet.AddRange(Enumerable.Range(0, SheetColumns).Select(i => Pixels.ToImage(images[i])));
            }
        }

        AtomicFile.WriteBytes(path + ".png", ImageCodec.Encode(ContactSheet.Compose(sheet, SheetColumns), ImageFormat.Png));
    }

    public void Dispose() => _images.Dispose();
}
