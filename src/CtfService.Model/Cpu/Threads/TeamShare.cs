namespace CtfService.Model.Cpu.Threads;

/// <summary>One thread's part of a step's work.</summary>
/// <param name="Thread">0 to Threads - 1.</param>
internal readonly record struct TeamShare(int Thread, ThreadTeam Team)
{
    /// <summary>Threads that share the work of this run.</summary>
    public int Threads => Team.Active;

    /// <summary>Waits until every thread of the run has come this far.</summary>
    public void Meet() => Team.Meet(Thread);

    /// <summary>The thread's part of <paramref name="count"/> consecutive pieces of equal cost.</summary>
    public (int First, int End) Of(int count) => ((int)((long)count * Thread / Threads), (int)((long)count * (Thread + 1) / Threads));

    /// <summary>As <see cref="Of"/>, but a thread that is done early takes over what is left. One call between two meetings, by every thread.</summary>
    /// <param name="own">How much of the work is divided beforehand, 0..1: a run of neighbours costs less than pieces here and there.</param>
    public TeamPieces Pieces(int count, float own) => new(this, count, (int)(count * own));
}

/// <summary>
/// The pieces of a part of a step as one thread takes them: first a run of its own, then, one at a time, from those that nobody owns. Cores that share a machine
/// with others are never equally fast; with fixed parts the faster one waited for a sixth of the step.
/// </summary>
internal struct TeamPieces
{
    private readonly TeamShare _share;
    private readonly int _count;
    private readonly int _owned; // by all threads together
    private readonly int _ownEnd;
    private int _nextOwn;

    internal TeamPieces(TeamShare share, int count, int owned)
    {
        (_share, _count, _owned) = (share, count, owned);
        (_nextOwn, _ownEnd) = share.Of(owned);
    }

    /// <summary>The thread's next piece, or false where none is left.</summary>
    public bool TryTake(out int piece)
    {
        piece = _nextOwn < _ownEnd ? _nextOwn++ : _owned + _share.Team.Claim();
        return piece < _count;
    }

    /// <summary>What the thread will probably take after <paramref name="piece"/>: sure in its own run, a guess behind it; null at the end.</summary>
    public readonly int? Following(int piece)
    {
        var next = _nextOwn < _ownEnd ? _nextOwn : piece < _owned ? _owned + _share.Thread : piece + _share.Threads;
        return next < _count ? next : null;
    }
}
