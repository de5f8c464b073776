using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>
/// Teaches the decoder of a trained tokenizer textures, against a discriminator (hinge losses, as LlamaGen's tokenizer from its 20,000th step on) and by what a classifier sees. Encoder and codebook
/// stay as they are, so tokens, and all that was trained on them, keep their meaning.
/// </summary>
internal sealed class DecoderRefinementTask : ITrainingTask, IDisposable
{
    private const int DiscriminatorWidth = 64;

    private readonly VqTokenizer _tokenizer;
    private readonly PatchDiscriminator _discriminator;
    private readonly BatchLoader _batches;
    private readonly HeldOutImages _heldOut;
    private readonly DecoderRefinement _options;
    private readonly PerceptualLoss? _perceptual;

    /// <param name="perceptual">What restored images should share with the original besides pixels; null for nothing.</param>
    public DecoderRefinementTask(VqTokenizer tokenizer, BatchLoader batches, HeldOutImages heldOut, DecoderRefinement options, PerceptualLoss? perceptual)
    {
        _tokenizer = tokenizer;
        _discriminator = new PatchDiscriminator(DiscriminatorWidth);
        _batches = batches;
        _heldOut = heldOut;
        _options = options;
        _perceptual = perceptual;
        Learn(tokenizer, false);
        tokenizer.DecoderParameters.ToList().ForEach(parameter => parameter.requires_grad = true);
        Module = new Pair(tokenizer, _discriminator);
    }

    public nn.Module Module { get; }

    public StepLoss Forward(long step)
    {
        using var batch = _batches.Next();
        var restored = Restore(batch.Pixels);
        var reconstruction = ReconstructionLoss.Of(restored, batch.Pixels);
        var share = Math.Min(1, (double)step / Math.Max(1, _options.DiscriminatorSteps)); // it must know something before it teaches
        Learn(_discriminator, false);
        var adversarial = -_discriminator.call(restored).mean();
        Learn(_discriminator, true);
        var judged = (nn.functional.relu(1 - _discriminator.call(batch.Pixels)).mean() + nn.functional.relu(1 + _discriminator.call(restored.detach())).mean()) / 2;
        var total = reconstruction.Total + (adversarial * (_options.AdversarialWeight * share)) + judged;
        var parts = new Dictionary<string, Tensor>
        {
            ["mse"] = reconstruction.Squared,
            ["edges"] = reconstruction.Edges,
            ["adversarial"] = adversarial,
            ["discriminator"] = judged,
        };
        if (_perceptual?.Of(restored, batch.Pixels) is { } seen)
        {
            total += seen * _options.PerceptualWeight;
            parts["perceptual"] = seen;
        }

        return new StepLoss(total, parts);
    }

    public IReadOnlyDictionary<string, double> Evaluate(string path) => _heldOut.Measure(_tokenizer, path);

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => -figures[HeldOutImages.Psnr];

    public void Dispose()
    {
        Module.Dispose();
        _discriminator.Dispose();
    }

    private Tensor Restore(Tensor image)
    {
        Tensor codewords;
        using (no_grad())
        {
            _tokenizer.Quantizer.eval(); // does not learn, so it keeps no account of what it chose
            codewords = _tokenizer.Quantizer.call(_tokenizer.Latents(image)).Latents;
        }

        return _tokenizer.DecodeCodewords(codewords);
    }

    private static void Learn(nn.Module module, bool learns)
    {
        foreach (var parameter in module.parameters())
        {
            parameter.requires_grad = learns;
        }
    }

    /// <summary>What one checkpoint holds.</summary>
    private sealed class Pair : nn.Module
    {
        private readonly VqTokenizer _tokenizer;
        private readonly PatchDiscriminator _discriminator;

        public Pair(VqTokenizer tokenizer, PatchDiscriminator discriminator)
            : base(nameof(Pair))
        {
            (_tokenizer, _discriminator) = (tokenizer, discriminator);
            RegisterComponents();
        }
    }
}

/// <summary>How a decoder is refined.</summary>
/// <param name="AdversarialWeight">Of looking real beside the reconstruction's error.</param>
/// <param name="DiscriminatorSteps">Steps over which that weight rises from 0.</param>
/// <param name="PerceptualPath">A classifier of the data set, whose features restored images should share; null for none. Not the one that judges afterwards.</param>
/// <param name="PerceptualWeight">Of those features beside the reconstruction's error.</param>
public sealed record DecoderRefinement(double AdversarialWeight, long DiscriminatorSteps = 200, string? PerceptualPath = null, double PerceptualWeight = DecoderRefinement.DefaultPerceptualWeight)
{
    public const double DefaultPerceptualWeight = 0.1;
}
