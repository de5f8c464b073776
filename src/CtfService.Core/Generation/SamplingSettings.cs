namespace CtfService.Core.Generation;

/// <summary>
/// How one stage turns logits into a choice. Applied in the reference's order: guidance, temperature, top-k, top-p.
/// </summary>
/// <param name="Temperature">Divisor of the logits, at least 0; values below 1e-5 act as 1e-5 (nearly greedy).</param>
/// <param name="TopK">Keep the k highest logits (ties with the k-th stay); 0 keeps all.</param>
/// <param name="TopP">Keep the smallest set whose probability exceeds p, in [0, 1]; 1 keeps all.</param>
/// <param name="GuidanceScale">Classifier-free guidance: uncond + scale * (cond - uncond), at least 1; 1 means off.</param>
/// <param name="GuidanceInterval">
/// The reference's cfg_interval c: positions 0..c+1 in raster order are guided, later ones take the conditional logits alone;
/// -1 guides every position. Of the coarse stage, which decodes position by position; the fine stage is one pass and does not look at it.
/// </param>
public sealed record SamplingSettings(
    float Temperature = 1, int TopK = 0, float TopP = 1, float GuidanceScale = 1, int GuidanceInterval = SamplingSettings.AlwaysGuided)
{
    /// <summary>The <see cref="GuidanceInterval"/> that never ends.</summary>
    public const int AlwaysGuided = -1;

    /// <summary>True where the stage needs a second, unconditional row.</summary>
    public bool IsGuided => GuidanceScale > 1;

    /// <summary>The last position that guidance applies to.</summary>
    public long LastGuidedPosition => GuidanceInterval == AlwaysGuided ? long.MaxValue : GuidanceInterval + 1L;
}
