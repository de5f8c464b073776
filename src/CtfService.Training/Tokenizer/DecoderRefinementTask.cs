using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>
/// Trains the decoder of a trained tokenizer to restore textures: with a discriminator (hinge losses, as LlamaGen's tokenizer from its 20,000th step on) and
/// with a perceptual loss. Encoder and codebook do not change, so tokens and all models trained on them stay valid.
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
    private readonly Device _device;
    private Tensor? _pixels; // [B, 3, H, W] of the current step

    /// <param name="tokenizer">On the device of the run.</param>
    /// <param name="perceptual">Perceptual loss; null for none.</param>
    public DecoderRefinementTask(VqTokenizer tokenizer, BatchLoader batches, HeldOutImages heldOut, DecoderRefinement options, PerceptualLoss? perceptual)
    {
        _tokenizer = tokenizer;
        _device = tokenizer.Quantizer.StoredCodewords.device;
        _discriminator = PlacedModule.Build(_device, () => new PatchDiscriminator(DiscriminatorWidth));
        _batches = batches;
        _heldOut = heldOut;
        _options = options;
        _perceptual = perceptual;
        SetTrainable(tokenizer, false);
        tokenizer.DecoderParameters.ToList().ForEach(parameter => parameter.requires_grad = true);
        Module = new Pair(tokenizer, _discriminator);
    }

    public nn.Module Module { get; }

    public ImageWork Work => _heldOut.WorkOf(_tokenizer.Config);

    public void Load(long step)
    {
        using var batch = _batches.Next();
        _pixels = Upload.To(batch.Pixels, _device);
    }

    public StepLoss Forward(long step, BatchPart part)
    {
        var pixels = part.Of(_pixels!);
        var restored = Restore(pixels);
        var reconstruction = ReconstructionLoss.Of(restored, pixels);
        var share = Math.Min(1, (double)step / Math.Max(1, _options.DiscriminatorSteps)); // the discriminator has to learn before the decoder learns from it
        SetTrainable(_discriminator, false);
        var adversarial = -_discriminator.call(restored).mean();
        SetTrainable(_discriminator, true);
        var onReal = nn.functional.relu(1 - _discriminator.call(pixels)).mean();
        var onRestored = nn.functional.relu(1 + _discriminator.call(restored.detach())).mean();
        var hinge = (onReal + onRestored) / 2;
        var total = reconstruction.Total + (adversarial * (_options.AdversarialWeight * share)) + hinge;
        var parts = new Dictionary<string, Tensor>
        {
            ["mse"] = reconstruction.Squared,
            ["edges"] = reconstruction.Edges,
            ["adversarial"] = adversarial,
            ["discriminator"] = hinge,
        };
        if (_perceptual?.Of(restored, pixels) is { } perceptual)
        {
            total += perceptual * _options.PerceptualWeight;
            parts["perceptual"] = perceptual;
        }

        return new StepLoss(total, parts);
    }

    public IReadOnlyDictionary<string, double> Evaluate() => _heldOut.Measure(_tokenizer);

    public void Sample(string path) => _heldOut.WriteSheet(_tokenizer, path);

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
            _tokenizer.Quantizer.eval(); // the codebook is frozen, so its usage is not recorded
            codewords = _tokenizer.Quantizer.call(_tokenizer.Latents(image)).Latents;
        }

        return _tokenizer.DecodeCodewords(codewords);
    }

    private static void SetTrainable(nn.Module module, bool isTrainable)
    {
        foreach (var parameter in module.parameters())
        {
            parameter.requires_grad = isTrainable;
        }
    }

    /// <summary>The modules of one checkpoint.</summary>
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
/// <param name="AdversarialWeight">Weight of the adversarial loss relative to the reconstruction loss.</param>
/// <param name="DiscriminatorSteps">Steps over which this weight rises from 0.</param>
/// <param name="PerceptualPath">Classifier of the data set for the perceptual loss; null for none. Do not use the one that evaluates the model.</param>
/// <param name="PerceptualWeight">Weight of the perceptual loss relative to the reconstruction loss.</param>
public sealed record DecoderRefinement(
    double AdversarialWeight,
    long DiscriminatorSteps = 200,
    string? PerceptualPath = null,
    double PerceptualWeight = DecoderRefinement.DefaultPerceptualWeight)
{
    public const double DefaultPerceptualWeight = 0.1;
}
