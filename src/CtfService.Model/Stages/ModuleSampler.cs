using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Engines;
using CtfService.Model.Memory;
using CtfService.Model.Transformer;

namespace CtfService.Model.Stages;

/// <summary>
/// Draws layouts and tokens with the stages that serve requests, from a transformer module as it is in memory, for example in training. Copies no weights.
/// Not thread-safe.
/// </summary>
public static class ModuleSampler
{
    /// <summary>Images are drawn one at a time, because the positions of one fill a product.</summary>
    private const int RowsPerImage = 2;

    /// <summary>Draws the coarse labels of all images in one batch.</summary>
    /// <param name="transformer">The causal transformer, in evaluation mode.</param>
    /// <param name="images">At least one image, all with drawn layouts. Each takes one model row, or two with guidance.</param>
    /// <returns>[B] layouts of [T] coarse labels, in the order of the images.</returns>
    public static int[][] DrawLayouts(ClassConditionalTransformer transformer, IReadOnlyList<ImageSpecification> images)
    {
        using var stage = new TorchCoarseStage(transformer, new DeviceMemory(transformer.OutputWeight.device), images.Sum(image => image.Rows));
        RunningImage[] drawn = [.. images.Select((image, id) => new RunningImage(id, image, transformer.Config.Positions))];
        Array.ForEach(drawn, stage.Add);
        while (stage.Count > 0)
        {
            stage.Step();
        }

        return [.. drawn.Select(image => image.CoarseLabels)];
    }

    /// <summary>Draws the tokens of each image among the members of its coarse labels' clusters.</summary>
    /// <param name="transformer">The fine transformer, in evaluation mode.</param>
    /// <param name="images">Images with given layouts.</param>
    /// <returns>[B] arrays of [T] tokens, in the order of the images.</returns>
    public static int[][] DrawTokens(ClassConditionalTransformer transformer, ClusterMap map, IReadOnlyList<ImageSpecification> images)
    {
        using var stage = new FineStage(new TorchFineEngine(transformer, map, transformer.OutputWeight.device, RowsPerImage), map);
        return [.. images.Select((image, id) => DrawTokens(stage, new RunningImage(id, image, transformer.Config.Positions)))];
    }

    private static int[] DrawTokens(FineStage stage, RunningImage image)
    {
        image.SetLayout([.. ((LayoutSource.Given)image.Specification.Layout).CoarseLabels]);
        stage.Run([image]);
        return image.Tokens;
    }
}
