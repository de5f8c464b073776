using CtfService.Model.Transformer;

namespace CtfService.Training.Planning;

/// <summary>
/// Bytes that the forward pass of a transformer keeps for the backward pass, counted from what each operation of the layers saves. All figures of one position
/// are in numbers of the widths D and F.
/// </summary>
internal static class ActivationMemory
{
    private const int Float32 = sizeof(float);

    /// <summary>Returns the bytes of a step, without logits and loss.</summary>
    public static long Of(PlannedStage stage)
    {
        var config = stage.Config;
        var positions = (long)stage.Rows * TransformerCost.SequenceLength(config);
        return (positions * ((config.Layers * Block(stage)) + Ends(stage))) + WeightCopies(stage);
    }

    private static long Block(PlannedStage stage) => Attention(stage) + FeedForward(stage);

    /// <summary>The norm saves its input and what it multiplies by its weight; each product saves its input.</summary>
    private static long Attention(PlannedStage stage)
    {
        var (width, compute) = ((long)stage.Config.Width, stage.ComputeBytes);
        var norm = 2 * width * Float32;
        // Bfloat16: the inputs of both projections; queries, keys and values; the attended values.
        // Float32: the norm's output; the projection, of which the values are a view; rotated queries and keys; the attended values.
        var products = stage.IsBfloat16 ? 6 * width * compute : 7 * width * Float32;
        return norm + products + (width * stage.DropoutBytes) + (stage.Config.Heads * Float32); // and the logarithms of the sums of the softmax
    }

    private static long FeedForward(PlannedStage stage)
    {
        var (width, inner, compute) = ((long)stage.Config.Width, (long)stage.Config.FeedForwardWidth, stage.ComputeBytes);
        var norm = 2 * width * Float32;
        var input = (stage.IsBfloat16 ? 2 : 1) * width * compute; // gate and up convert it each for itself
        var gated = 3 * inner * Float32;                          // the gate before and after its activation, and what it multiplies
        return norm + input + gated + (inner * compute) + (width * stage.DropoutBytes);
    }

    /// <summary>The dropout of the embeddings, the last norm and the input of the head.</summary>
    private static long Ends(PlannedStage stage)
    {
        var width = (long)stage.Config.Width;
        return (width * stage.DropoutBytes) + (3 * width * Float32) + (stage.IsBfloat16 ? width * stage.ComputeBytes : 0);
    }

    /// <summary>The gradient of an input needs the weight in the type of the product.</summary>
    private static long WeightCopies(PlannedStage stage) => stage.IsBfloat16
        ? stage.ComputeBytes * ((stage.Config.Layers * TransformerCost.BlockMatrices(stage.Config)) + TransformerCost.HeadParameters(stage.Config))
        : 0;
}
