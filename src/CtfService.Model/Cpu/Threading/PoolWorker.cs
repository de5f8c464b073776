namespace CtfService.Model.Cpu.Threading;

/// <summary>One thread's part of a step's work.</summary>
/// <param name="Index">0 to Count - 1.</param>
internal readonly record struct PoolWorker(int Index, ComputeThreadPool Pool)
{
    /// <summary>The part of the work items that is divided statically; the rest is claimed dynamically.</summary>
    public const float StaticFraction = 0.75f;

    /// <summary>Threads that share the work of this run.</summary>
    public int Count => Pool.Active;

    /// <summary>Waits until every thread of the run has come this far.</summary>
    public void WaitAtBarrier() => Pool.WaitAtBarrier(Index);

    /// <summary>The thread's part of <paramref name="count"/> consecutive items of equal cost.</summary>
    public (int First, int End) Partition(int count) => ((int)((long)count * Index / Count), (int)((long)count * (Index + 1) / Count));

    /// <summary>As <see cref="Partition"/>, but a thread that is done early takes over what is left. One call between two meetings, by every thread.</summary>
    /// <param name="staticFraction">How much of the work is divided beforehand, 0..1: a run of neighbours costs less than items here and there.</param>
    public WorkItems Schedule(int count, float staticFraction = StaticFraction) => new(this, count, (int)(count * staticFraction));
}

/// <summary>
/// The items of a part of a step as one thread takes them: first a run of its own, then, one at a time, from those that nobody owns. Cores that share a machine
/// with others are never equally fast; with fixed parts the faster one waited for a sixth of the step.
/// </summary>
internal struct WorkItems
{
    private readonly PoolWorker _worker;
    private readonly int _count;
    private readonly int _staticCount; // by all threads together
    private readonly int _staticEnd;
    private int _nextStatic;

    internal WorkItems(PoolWorker worker, int count, int staticCount)
    {
        (_worker, _count, _staticCount) = (worker, count, staticCount);
        (_nextStatic, _staticEnd) = worker.Partition(staticCount);
    }

    /// <summary>The thread's next item, or false where none is left.</summary>
    public bool TryTake(out int item)
    {
        item = _nextStatic < _staticEnd ? _nextStatic++ : _staticCount + _worker.Pool.ClaimItem();
        return item < _count;
    }

    /// <summary>What the thread will probably take after <paramref name="item"/>: sure in its own run, a guess behind it; null at the end.</summary>
    public readonly int? PredictNext(int item)
    {
        var next = _nextStatic < _staticEnd ? _nextStatic : item < _staticCount ? _staticCount + _worker.Index : item + _worker.Count;
        return next < _count ? next : null;
    }
}
