namespace CtfService.Model.Cpu.Threading;

/// <summary>
/// Ends a run of a <see cref="ComputeThreadPool"/> early, between two of its blocks: every thread must leave after the same one, or those that stay would wait for it
/// for ever. The first thread looks before a block and names that block; the others read the name after it, and so after a meeting.
/// </summary>
internal struct PoolCancellation(CancellationToken cancellation)
{
    private const int None = -1;

    private int _lastBlock = None;

    /// <summary>Before a block, in which all threads meet at least once.</summary>
    /// <param name="block">Different from those before.</param>
    public void Check(int thread, int block)
    {
        if (thread == 0 && _lastBlock == None && cancellation.IsCancellationRequested)
        {
            _lastBlock = block;
        }
    }

    /// <summary>True for every thread of the team, or for none.</summary>
    public readonly bool StopsAfter(int block) => _lastBlock == block;

    /// <exception cref="OperationCanceledException">The run ended early.</exception>
    public readonly void ThrowIfStopped()
    {
        if (_lastBlock != None)
        {
            throw new OperationCanceledException(cancellation);
        }
    }
}
