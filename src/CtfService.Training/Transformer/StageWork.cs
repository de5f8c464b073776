using CtfService.Model.Transformer;
using CtfService.Training.Progress;

namespace CtfService.Training.Transformer;

/// <summary>Counts the work of training a transformer on one image.</summary>
internal static class StageWork
{
    /// <param name="scored">Labels that are scored at a position; null for the whole output vocabulary.</param>
    public static ImageWork Of(TransformerConfig config, int? scored = null) => new(config.Positions, TransformerCost.TrainingFlops(config, images: 1, scored));
}
