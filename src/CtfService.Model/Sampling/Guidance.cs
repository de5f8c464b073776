using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>Classifier-free guidance (Ho &amp; Salimans 2022), in the form LlamaGen uses.</summary>
public static class Guidance
{
    /// <summary>Returns unconditional + (conditional - unconditional) * scale. Scale 1 gives the conditional logits, up to rounding.</summary>
    /// <param name="conditional">[R, V].</param>
    /// <param name="unconditional">[R, V].</param>
    /// <param name="scale">[R, 1].</param>
    /// <returns>[R, V], owned by the caller.</returns>
    public static Tensor Combine(Tensor conditional, Tensor unconditional, Tensor scale)
    {
        using var scope = NewDisposeScope();
        return (unconditional + ((conditional - unconditional) * scale)).MoveToOuterDisposeScope();
    }
}
