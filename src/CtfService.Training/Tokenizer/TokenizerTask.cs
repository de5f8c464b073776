using CtfService.Core.Imaging;
using CtfService.Model.Imaging;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Evaluation;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>Trains the VQ tokenizer to give images back: squared and absolute error, edges, and the quantiser's own losses.</summary>
public sealed class TokenizerTask : ITrainingTask
{
    private const double AbsoluteWeight = 0.2;
    private const double EdgeWeight = 0.2;
    private const int SheetColumns = 8;

    /// <summary>Every so many steps codewords that nothing uses move to where latents are.</summary>
    private const long RevivalInterval = 50;

    private readonly VqTokenizer _tokenizer;
    private readonly BatchLoader _batches;
    private readonly Tensor _heldOut; // [N, 3, H, W]
    private readonly long _lastRevival;
    private Tensor? _latents;         // [B, e, h, w] of the current step

    /// <param name="heldOut">Images [N, 3, H, W] to measure reconstruction on; not disposed.</param>
    /// <param name="lastRevival">Codewords are not moved after this step, so that the end of the run settles.</param>
    public TokenizerTask(VqTokenizer tokenizer, BatchLoader batches, Tensor heldOut, long lastRevival)
    {
        _tokenizer = tokenizer;
        _batches = batches;
        _heldOut = heldOut;
        _lastRevival = lastRevival;
    }

    public nn.Module Module => _tokenizer;

    public StepLoss Forward(long step)
    {
        using var batch = _batches.Next();
        var image = batch.Pixels;
        _latents = _tokenizer.Latents(image);
        var quantized = _tokenizer.Quantizer.call(_latents);
        var restored = _tokenizer.DecodeCodewords(quantized.Latents);
        var difference = restored - image;
        var squared = difference.square().mean();
        var absolute = difference.abs().mean();
        var edges = Steps(difference, 2).abs().mean() + Steps(difference, 3).abs().mean();
        var losses = quantized.Losses!;
        var total = squared + (absolute * AbsoluteWeight) + (edges * EdgeWeight) + losses.Codebook + losses.Commitment + losses.Entropy;
        return new StepLoss(total, new Dictionary<string, Tensor> { ["loss"] = total, ["mse"] = squared, ["edges"] = edges, ["commitment"] = losses.Commitment });
    }

    public void AfterStep(long step)
    {
        if ((step + 1) % RevivalInterval == 0 && step < _lastRevival)
        {
            CodewordRevival.Revive(_tokenizer.Quantizer, _latents!);
        }
    }

    public IReadOnlyDictionary<string, double> Evaluate(string path)
    {
        var restored = new List<Tensor>();
        var used = new HashSet<long>();
        foreach (var part in _heldOut.split(SheetColumns * 8))
        {
            using var scope = NewDisposeScope();
            var reconstruction = _tokenizer.call(part);
            used.UnionWith(reconstruction.Tokens.data<long>().ToArray());
            restored.Add(reconstruction.Image.clamp(-1, 1).MoveToOuterDisposeScope());
        }

        var images = cat(restored);
        var psnr = ImageQuality.Psnr(_heldOut, images, range: 2);
        WriteSheet(path, images);
        return new Dictionary<string, double> { ["psnr"] = psnr, ["codewords used"] = used.Count };
    }

    private static Tensor Steps(Tensor difference, long dimension)
    {
        var length = difference.shape[dimension] - 1;
        return difference.narrow(dimension, 1, length) - difference.narrow(dimension, 0, length);
    }

    /// <summary>Rows in turn of originals and what became of them.</summary>
    private void WriteSheet(string path, Tensor restored)
    {
        var sheet = new List<RgbImage>();
        var stride = Math.Max(1, (int)_heldOut.shape[0] / (SheetColumns * 3));
        for (var row = 0; row < 3; row++)
        {
            var chosen = Enumerable.Range(row * SheetColumns, SheetColumns).Select(i => i * stride % (int)_heldOut.shape[0]).ToList();
            sheet.AddRange(chosen.Select(i => Pixels.ToImage(_heldOut[i])));
            sheet.AddRange(chosen.Select(i => Pixels.ToImage(restored[i])));
        }

        File.WriteAllBytes(path + ".png", ImageCodec.Encode(ContactSheet.Compose(sheet, SheetColumns), ImageFormat.Png));
    }
}
