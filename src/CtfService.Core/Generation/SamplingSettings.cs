namespace CtfService.Core.Generation;

/// <summary>
/// How one stage turns logits into a choice. Applied in the reference's order: guidance, temperature, top-k, top-p.
/// </summary>
/// <param name="Temperature">Divisor of the logits, at least 0; values below 1e-5 act as 1e-5 (nearly greedy).</param>
/// <param name="TopK">Keep the k highest logits (ties with the k-th stay); 0 keeps all.</param>
/// <param name="TopP">Keep the smallest set whose probability exceeds p, in [0, 1]; 1 keeps all.</param>
/// <param name="GuidanceScale">Classifier-free guidance: uncond + scale * (cond - uncond), at least 1; 1 means off.</param>
public sealed record SamplingSettings(float Temperature = 1, int TopK = 0, float TopP = 1, float GuidanceScale = 1)
{
    /// <summary>True where the stage needs a second, unconditional row.</summary>
    public bool IsGuided => GuidanceScale > 1;
}
