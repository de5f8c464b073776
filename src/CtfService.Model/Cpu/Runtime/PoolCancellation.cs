namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// Cancels a region of a <see cref="ComputeThreadPool"/> between two of its blocks. All threads must leave after the same block, or those that stay would
/// wait at the next barrier for ever. Thread 0 checks the token before a block and marks that block as the last; the other threads read the mark after the
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
