using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>
/// Moves codewords that the last 65,536 tokens did not use onto latents of the current batch ("random restarts", Dhariwal et al. 2020, "Jukebox", section 3.1),
/// because unused codewords get no gradient.
/// </summary>
internal static class CodewordRevival
{
    /// <summary>Standard deviation of the noise that is added to a latent, so that two codewords do not start at the same point.</summary>
    private const double Jitter = 0.02;

    /// <param name="latents">[B, e, h, w] before normalisation.</param>
    public static void Revive(VectorQuantizer quantizer, Tensor latents)
    {
        using var scope = NewDisposeScope();
        var stored = quantizer.StoredCodewords;
        var unused = ones(stored.shape[0], dtype: ScalarType.Bool, device: stored.device);
        unused.index_fill_(0, quantizer.History.unique().output.to(int64), 0);
        var rows = unused.nonzero().flatten();                                                       // [N]
        if (rows.numel() == 0)
        {
            return;
        }

        var candidates = quantizer.Normalize(latents.permute(0, 2, 3, 1).reshape(-1, stored.shape[1])); // [B*h*w, e]
        var chosen = randint(candidates.shape[0], rows.shape, dtype: ScalarType.Int64).to(stored.device);
        var replacement = candidates.index_select(0, chosen);
        stored.index_copy_(0, rows, replacement + (randn_like(replacement) * Jitter));
    }
}
