using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Checks features for NaN and infinity, which come from a damaged network: distances would be meaningless, and eigenvalue solvers might not terminate.
/// </summary>
internal static class FiniteFeatures
{
    /// <exception cref="UndefinedFigureException">A feature is NaN or infinite.</exception>
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
