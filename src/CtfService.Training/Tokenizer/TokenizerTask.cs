using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>Trains the VQ tokenizer with the reconstruction loss and the losses of the quantizer.</summary>
/// <param name="lastRevival">Last step at which unused codewords are moved, so that the codebook settles before the run ends.</param>
internal sealed class TokenizerTask(VqTokenizer tokenizer, BatchLoader batches, HeldOutImages heldOut, long lastRevival) : ITrainingTask
{
    /// <summary>Number of steps between moves of unused codewords.</summary>
    private const long RevivalInterval = 50;

    private Tensor? _latents; // [B, e, h, w] of the current step

    public nn.Module Module => tokenizer;

    public StepLoss Forward(long step)
    {
        using var batch = batches.Next();
        _latents = tokenizer.Latents(batch.Pixels);
        var quantized = tokenizer.Quantizer.call(_latents);
        var reconstruction = ReconstructionLoss.Of(tokenizer.DecodeCodewords(quantized.Latents), batch.Pixels);
        var losses = quantized.Losses!;
        var total = reconstruction.Total + losses.Codebook + losses.Commitment + losses.Entropy;
        return new StepLoss(total, new Dictionary<string, Tensor>
        {
            ["loss"] = total,
            ["mse"] = reconstruction.Squared,
            ["edges"] = reconstruction.Edges,
            ["commitment"] = losses.Commitment,
        });
    }

    public void AfterStep(long step)
    {
        if ((step + 1) % RevivalInterval == 0 && step < lastRevival)
        {
            CodewordRevival.Revive(tokenizer.Quantizer, _latents!);
        }
    }

    public IReadOnlyDictionary<string, double> Evaluate(string path) => heldOut.Measure(tokenizer, path);

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => -figures[HeldOutImages.Psnr];
}
