namespace CtfService.Training.Evaluation.Features.Inception;

/// <summary>A convolution with batch norm: last component of its key, output channels and kernel.</summary>
/// <param name="Stride">Stride; 2 halves the sides.</param>
/// <param name="Padded">Whether zero padding keeps the size at stride 1.</param>
internal sealed record UnitPlan(string Name, int Outputs, int KernelHeight = 1, int KernelWidth = 1, int Stride = 1, bool Padded = true)
{
    public long PaddingHeight => Padded ? KernelHeight / 2 : 0;

    public long PaddingWidth => Padded ? KernelWidth / 2 : 0;
}

/// <summary>A chain of units; if there is a fork, its units all read the output of the chain, and their outputs are concatenated.</summary>
internal sealed record BranchPlan(IReadOnlyList<UnitPlan> Chain, IReadOnlyList<UnitPlan> Fork)
{
    public BranchPlan(params IReadOnlyList<UnitPlan> chain)
        : this(chain, [])
    {
    }

    public int Outputs => Fork.Count > 0 ? Fork.Sum(unit => unit.Outputs) : Chain[^1].Outputs;
}

/// <summary>Branches that read the same input and a pooling branch; their outputs are concatenated, the pooling branch last.</summary>
/// <param name="PoolUnit">Unit after the pooling; null to pass on all channels, as in the blocks that halve the sides.</param>
internal sealed record BlockPlan(string Name, IReadOnlyList<BranchPlan> Branches, BlockPooling Pooling, UnitPlan? PoolUnit);

/// <summary>Pooling of a block; all use 3x3 windows.</summary>
internal enum BlockPooling
{
    /// <summary>Mean without padding, stride 1.</summary>
    Average,

    /// <summary>Maximum, stride 1.</summary>
    Maximum,

    /// <summary>Maximum of whole windows, stride 2.</summary>
    Halving,
}
