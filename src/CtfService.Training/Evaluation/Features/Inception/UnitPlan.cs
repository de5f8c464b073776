namespace CtfService.Training.Evaluation.Features.Inception;

/// <summary>A convolution with its batch norm: the last part of its key, how many channels leave it, and its window.</summary>
/// <param name="Stride">2 halves the sides.</param>
/// <param name="Padded">Zeros around the image, so that stride 1 keeps its size.</param>
internal sealed record UnitPlan(string Name, int Outputs, int KernelHeight = 1, int KernelWidth = 1, int Stride = 1, bool Padded = true)
{
    public long PaddingHeight => Padded ? KernelHeight / 2 : 0;

    public long PaddingWidth => Padded ? KernelWidth / 2 : 0;
}

/// <summary>Units one after another; where there is a fork, its units all read what the chain leaves, and their outputs stand side by side.</summary>
internal sealed record BranchPlan(IReadOnlyList<UnitPlan> Chain, IReadOnlyList<UnitPlan> Fork)
{
    public BranchPlan(params IReadOnlyList<UnitPlan> chain)
        : this(chain, [])
    {
    }

    public int Outputs => Fork.Count > 0 ? Fork.Sum(unit => unit.Outputs) : Chain[^1].Outputs;
}

/// <summary>Branches that read the same input, and one that pools it first; their outputs stand side by side, the pooled one last.</summary>
/// <param name="PoolUnit">Behind the pooling; null passes all channels on, as the blocks that halve the sides do.</param>
internal sealed record BlockPlan(string Name, IReadOnlyList<BranchPlan> Branches, BlockPooling Pooling, UnitPlan? PoolUnit);

/// <summary>How a block pools: 3x3 windows.</summary>
internal enum BlockPooling
{
    /// <summary>Mean of what lies inside the image, stride 1.</summary>
    Average,

    /// <summary>Maximum, stride 1.</summary>
    Maximum,

    /// <summary>Maximum of whole windows, stride 2.</summary>
    Halving,
}
