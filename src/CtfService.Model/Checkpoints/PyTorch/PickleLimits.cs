using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// Bounds of what a checkpoint's pickle may ask of this process. Real ones are far below: GPT-XXL with its optimiser takes 60,000 operations.
/// Together they keep a hostile file from costing more than its own size and 256 MiB.
/// </summary>
internal static class PickleLimits
{
    /// <summary>Bytes of one pickle; in the legacy container of all its pickles together.</summary>
    public const int Length = 16 << 20;

    /// <summary>Operations of one pickle; each allocates at most one object beside the text it holds.</summary>
    public const int Operations = 1_000_000;

    /// <summary>Bytes of one whole number; more would be slow to print.</summary>
    public const int IntegerBytes = 256;

    /// <summary>PyTorch's own limit.</summary>
    public const int Dimensions = TensorEntry.MaxDimensions;

    /// <summary>Records of a container.</summary>
    public const int Records = 200_000;

    /// <summary>A view that repeats elements may be this much larger than its file.</summary>
    public const long RepeatedBytes = 16 << 20;
}
