using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>Features that are NaN or infinite come from a damaged network; distances between them mean nothing, and eigenproblems do not end.</summary>
internal static class FiniteFeatures
{
    /// <exception cref="UndefinedFigureException">A number is NaN or infinite.</exception>
    public static void Require(params ReadOnlySpan<Tensor> features)
    {
        foreach (var tensor in features)
        {
            if (!AreAll(tensor))
            {
                throw new UndefinedFigureException("features are NaN or infinite; the extractor's weights are damaged");
            }
        }
    }

    public static bool AreAll(Tensor features)
    {
        using var scope = NewDisposeScope();
        return features.isfinite().all().item<bool>();
    }
}
