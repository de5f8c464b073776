using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>Trains the VQ tokenizer with the reconstruction loss and the losses of the quantizer.</summary>
/// <param name="heldOut">Disposed by the caller, as are the other parameters.</param>
/// <param name="lastRevival">Last step at which unused codewords are moved, so that the codebook settles before the run ends.</param>
internal sealed class TokenizerTask(VqTokenizer tokenizer, BatchLoader batches, HeldOutImages heldOut, long lastRevival, Device device)
    : ITrainingTask, IDisposable
{
    /// <summary>Number of steps between moves of unused codewords.</summary>
    private const long RevivalInterval = 50;

    private readonly List<Tensor> _latents = []; // [B, e, h, w] of the parts of the current step, if codewords are moved after it
    private Tensor? _pixels; // [B, 3, H, W] of the current step

    public nn.Module Module => tokenizer;

    public ImageWork Work => heldOut.WorkOf(tokenizer.Config);

    public void Load(long step)
    {
        using var batch = batches.Next();
        _pixels = Upload.To(batch.Pixels, device);
        ForgetLatents();
    }

    public StepLoss Forward(long step, BatchPart part)
    {
        var pixels = part.Of(_pixels!);
        var latents = tokenizer.Latents(pixels);
        if (RevivesAfter(step))
        {
            _latents.Add(latents.detach().DetachFromDisposeScope());
        }

        var quantized = tokenizer.Quantizer.call(latents);
        var reconstruction = ReconstructionLoss.Of(tokenizer.DecodeCodewords(quantized.Latents), pixels);
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
        if (RevivesAfter(step))
        {
            CodewordRevival.Revive(tokenizer.Quantizer, _latents is [var whole] ? whole : cat(_latents));
        }
    }

    public IReadOnlyDictionary<string, double> Evaluate() => heldOut.Measure(tokenizer);

    public void Sample(string path) => heldOut.WriteSheet(tokenizer, path);

    public void Dispose() => ForgetLatents();

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => -figures[HeldOutImages.Psnr];

    private bool RevivesAfter(long step) => (step + 1) % RevivalInterval == 0 && step < lastRevival;

    private void ForgetLatents()
    {
        _latents.ForEach(latents => latents.Dispose());
        _latents.Clear();
    }
}
