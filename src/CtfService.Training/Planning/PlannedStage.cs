using CtfService.Model.Transformer;

namespace CtfService.Training.Planning;

/// <summary>The training of a transformer as a plan needs to know it.</summary>
/// <param name="Config">The architecture, with the dropout of the training.</param>
/// <param name="Rows">Images whose activations are in memory together: those of a step, or of a part of a step if gradients are accumulated.</param>
/// <param name="Scoring">Which labels are scored, and how.</param>
/// <param name="IsBfloat16">Whether products run in bfloat16.</param>
/// <param name="IsCuda">Whether the device is a CUDA device; otherwise it is the CPU.</param>
public sealed record PlannedStage(TransformerConfig Config, int Rows, HeadScoring Scoring, bool IsBfloat16, bool IsCuda)
{
    /// <summary>Bytes of a number that products are computed in.</summary>
    internal int ComputeBytes => IsBfloat16 ? sizeof(short) : sizeof(float);

    /// <summary>Bytes that a dropout keeps of each number: a Boolean on CUDA, a float32 on the CPU.</summary>
    internal int DropoutBytes => Config.Dropout == 0 ? 0 : IsCuda ? sizeof(bool) : sizeof(float);
}
