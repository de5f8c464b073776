namespace CtfService.Gateway.Replicas;

/// <summary>All replicas, and the choice of the one that gets a request. Thread-safe.</summary>
internal sealed class ReplicaPool
{
    private volatile IReadOnlyList<Replica> _all = [];
    private uint _turn;

    public IReadOnlyList<Replica> All => _all;

    public IEnumerable<Replica> Ready => _all.Where(replica => replica.State.IsReady);

    public (int Ready, int Out) Counts()
    {
        var all = _all;
        var ready = all.Count(replica => replica.State.IsReady);
        return (ready, all.Count - ready);
    }

    /// <summary>Replaces the replicas; those that stay keep their state. Called by one thread at a time.</summary>
    /// <returns>The replicas that are new, and those that are gone.</returns>
    public (IReadOnlyList<Replica> Found, IReadOnlyList<Replica> Gone) Replace(IReadOnlyList<ReplicaAddress> addresses)
    {
        var before = _all.ToDictionary(replica => replica.Address);
        _all = [.. addresses.Select(each => before.GetValueOrDefault(each.Address) ?? new Replica(each.Address, each.Host))];
        var now = _all.Select(replica => replica.Address).ToHashSet();
        return ([.. _all.Where(replica => !before.ContainsKey(replica.Address))], [.. before.Values.Where(replica => !now.Contains(replica.Address))]);
    }

    /// <summary>
    /// Returns the ready replica with the model that works on the fewest images; equals take turns. A model that no replica is known to have restricts
    /// nothing: the replica that gets the request says what is wrong with the name, or knows an alias that the gateway does not.
    /// </summary>
    /// <param name="model">The model that the request names; null for any.</param>
    /// <param name="tried">Replicas that are not asked again.</param>
    /// <returns>Null if no such replica is ready.</returns>
    public Replica? Choose(string? model, IReadOnlyCollection<Replica> tried)
    {
        var all = _all;
        var wanted = Wanted(all, model);
        var turn = Interlocked.Increment(ref _turn);
        Replica? best = null;
        for (var i = 0; i < all.Count; i++)
        {
            var replica = all[(int)((turn + (uint)i) % (uint)all.Count)];
            var state = replica.State;
            if (state.IsReady && state.Has(wanted) && !tried.Contains(replica) && (best is null || replica.Images < best.Images))
            {
                best = replica;
            }
        }

        return best;
    }

    /// <summary>Whether <see cref="Choose"/> would return a replica. Takes no turn.</summary>
    public bool HasOther(string? model, IReadOnlyCollection<Replica> tried)
    {
        var all = _all;
        var wanted = Wanted(all, model);
        return all.Any(replica => replica.State is { IsReady: true } state && state.Has(wanted) && !tried.Contains(replica));
    }

    private static string? Wanted(IReadOnlyList<Replica> all, string? model) => all.Any(replica => replica.State.Has(model)) ? model : null;
}
