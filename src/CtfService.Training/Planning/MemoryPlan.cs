using CtfService.Model.Transformer;

namespace CtfService.Training.Planning;

/// <summary>The memory of a training step by part, in bytes.</summary>
/// <param name="Weights">Float32 weights.</param>
/// <param name="Gradients">Float32 gradients.</param>
/// <param name="Adam">Both moments of AdamW, float32.</param>
/// <param name="Average">The moving average of the weights, float32.</param>
/// <param name="Activations">What the forward pass keeps for the backward pass.</param>
/// <param name="Loss">Logits, loss and their gradients.</param>
/// <param name="Tokenizer">Weights of the tokenizer, which decodes the sample sheets.</param>
/// <param name="Program">The program with libtorch, before it has a model; on CUDA the context of the device.</param>
public sealed record MemoryPlan(long Weights, long Gradients, long Adam, long Average, long Activations, long Loss, long Tokenizer, long Program)
{
    /// <summary>
    /// Working set of <c>ctf</c> with libtorch in a training of the smallest model, measured on x86-64 Linux. 123 MB of it are pages of the program's files;
    /// kernels differ in how many they keep, and give them up when memory is short.
    /// </summary>
    private const long ProgramOnCpu = 240_000_000;

    /// <summary>A CUDA context with libtorch's kernels and the workspaces of cuBLAS; not measured here.</summary>
    private const long ProgramOnCuda = 1_000_000_000;

    /// <summary>The most memory that a step needs at once.</summary>
    public long Peak => Weights + Gradients + Adam + Average + Activations + Loss + Tokenizer + Program;

    /// <param name="tokenizer">Bytes of the tokenizer's weights.</param>
    public static MemoryPlan Of(PlannedStage stage, long tokenizer)
    {
        var weights = sizeof(float) * TransformerCost.Parameters(stage.Config);
        return new MemoryPlan(
            weights,
            Gradients: weights,
            Adam: 2 * weights,
            Average: weights,
            ActivationMemory.Of(stage),
            LossMemory.Of(stage),
            tokenizer,
            stage.IsCuda ? ProgramOnCuda : ProgramOnCpu);
    }
}
