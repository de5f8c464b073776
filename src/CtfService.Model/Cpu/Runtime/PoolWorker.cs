namespace CtfService.Model.Cpu.Runtime;

/// <summary>One thread of a parallel region: its index, its part of the work, its barrier.</summary>
/// <param name="Index">Index of the thread, 0 to <see cref="Count"/> - 1.</param>
internal readonly record struct PoolWorker(int Index, ComputeThreadPool Pool)
{
    /// <summary>The part of the work items that is assigned statically by default; the rest is claimed dynamically.</summary>
    public const float StaticFraction = 0.75f;

    /// <summary>Gets the number of threads in this run.</summary>
    public int Count => Pool.Active;

    /// <summary>Waits until all threads of the run have reached the barrier.</summary>
    public void WaitAtBarrier() => Pool.WaitAtBarrier(Index);

    /// <summary>Returns the thread's contiguous partition of <paramref name="count"/> items of equal cost.</summary>
    public (int First, int End) Partition(int count) => ((int)((long)count * Index / Count), (int)((long)count * (Index + 1) / Count));

    /// <summary>
    /// Schedules <paramref name="count"/> work items: a contiguous partition per thread first, then the rest dynamically, so that a faster thread takes
    /// more of it. Every thread must call it exactly once between two barriers.
    /// </summary>
    /// <param name="staticFraction">The part of the items that is assigned statically, 0 to 1. Contiguous items cost less than scattered ones.</param>
    public WorkItems Schedule(int count, float staticFraction = StaticFraction) => new(this, count, (int)(count * staticFraction));
}

/// <summary>
/// The work items of one thread between two barriers: first its static partition, then items that it claims from the common rest, one at a time. Cores that
/// are shared with other programs are never equally fast; with a static schedule alone, the faster core waited for a sixth of the step.
/// </summary>
internal struct WorkItems
{
    private readonly PoolWorker _worker;
    private readonly int _count;
    private readonly int _staticCount; // of all threads together
    private readonly int _staticEnd;
    private int _nextStatic;

    internal WorkItems(PoolWorker worker, int count, int staticCount)
    {
        (_worker, _count, _staticCount) = (worker, count, staticCount);
        (_nextStatic, _staticEnd) = worker.Partition(staticCount);
    }

    /// <summary>Takes the thread's next item. Returns false if none is left.</summary>
    public bool TryTake(out int item)
    {
        item = _nextStatic < _staticEnd ? _nextStatic++ : _staticCount + _worker.Pool.ClaimItem();
        return item < _count;
    }

    /// <summary>
    /// Returns the item that the thread will probably take after <paramref name="item"/>: certain within its static partition, a guess after it; null at
    /// the end.
    /// </summary>
    public readonly int? PredictNext(int item)
    {
        var next = _nextStatic < _staticEnd ? _nextStatic : item < _staticCount ? _staticCount + _worker.Index : item + _worker.Count;
        return next < _count ? next : null;
    }
}

/// <summary>
/// Cancels a region of a <see cref="ComputeThreadPool"/> between two of its blocks. All threads must leave after the same block, or those that stay would
/// wait at the next barrier forever. Thread 0 checks the token before a block and marks that block as the last; the other threads read the mark after the
/// block, and therefore after a barrier.
/// </summary>
internal struct PoolCancellation(CancellationToken cancellation)
{
    private const int None = -1;

    private int _lastBlock = None;

    /// <summary>Checks the token. Call before a block that contains at least one barrier.</summary>
    /// <param name="block">Index of the block, different from all before it.</param>
    public void Check(int thread, int block)
    {
        if (thread == 0 && _lastBlock == None && cancellation.IsCancellationRequested)
        {
            _lastBlock = block;
        }
    }

    /// <summary>Returns whether the region ends after this block: the same answer on every thread.</summary>
    public readonly bool StopsAfter(int block) => _lastBlock == block;

    /// <summary>Throws if the region ended early. Call after the run.</summary>
    /// <exception cref="OperationCanceledException">The region ended early.</exception>
    public readonly void ThrowIfStopped()
    {
        if (_lastBlock != None)
        {
            throw new OperationCanceledException(cancellation);
        }
    }
}
