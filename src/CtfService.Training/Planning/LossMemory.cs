using CtfService.Model.Clusters;

namespace CtfService.Training.Planning;

/// <summary>Bytes of logits, loss and their gradients when the backward pass begins, which is when a step needs the most memory.</summary>
internal static class LossMemory
{
    private const int Float32 = sizeof(float);
    private const int Int64 = sizeof(long);

    public static long Of(PlannedStage stage)
    {
        var positions = (long)stage.Rows * stage.Config.Positions;
        return stage.Scoring.IsGathered
            ? (positions * Selected(stage)) + Gathered(positions * stage.Scoring.Members * stage.Config.Width * Float32)
            : positions * Dense(stage);
    }

    /// <summary>The logits of all labels, and their gradient.</summary>
    private static long Dense(PlannedStage stage)
    {
        var vocabulary = (long)stage.Config.OutputVocabulary;
        var gradient = Float32 + (stage.IsBfloat16 ? stage.ComputeBytes : 0);
        return stage.Scoring.IsSelected(stage.Config)
            ? (vocabulary * (Float32 + gradient)) + Selected(stage)
            : vocabulary * (Float32 + Float32 + Float32 + gradient); // logits, log-softmax, its gradient, that of the logits
    }

    /// <summary>The rows of the head that the positions multiply with, and the gradient of a block of them.</summary>
    private static long Gathered(long rowBytes) => rowBytes + Math.Min(rowBytes, ClusterMembers.DefaultBlockBytes);

    /// <summary>Of each member: its token, whether it is padding, and its logit before and after masking, in the log-softmax and in two gradients.</summary>
    private static long Selected(PlannedStage stage) => stage.Scoring.Members * (long)(Int64 + sizeof(bool) + (5 * Float32));
}
