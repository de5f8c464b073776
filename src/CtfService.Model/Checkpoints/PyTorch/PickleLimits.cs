using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// Limits on the pickle of a checkpoint. Real checkpoints are far below: GPT-XXL with its optimiser takes 60,000 opcodes.
/// Together the limits keep a hostile file from costing more memory than its own size plus 256 MiB.
/// </summary>
internal static class PickleLimits
{
    /// <summary>Bytes of one pickle; in the legacy container, of all its pickles together.</summary>
    public const int Length = 16 << 20;

    /// <summary>Opcodes of one pickle; each allocates at most one object in addition to its text.</summary>
    public const int Opcodes = 1_000_000;

    /// <summary>Bytes of one integer; longer ones are slow to format.</summary>
    public const int IntegerBytes = 256;

    /// <summary>Dimensions of a tensor.</summary>
    public const int Dimensions = TensorEntry.MaxDimensions;

    /// <summary>Records of a zip container.</summary>
    public const int Records = 200_000;

    /// <summary>Bytes by which a tensor that repeats elements may exceed its file.</summary>
    public const long RepeatedBytes = 16 << 20;
}
