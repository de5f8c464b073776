using System.Collections.Frozen;

namespace CtfService.Gateway.Replicas;

/// <summary>One replica: where it is, what is known about it, and how much it works on. Thread-safe.</summary>
/// <param name="address">Scheme, host and port.</param>
/// <param name="host">The Host header of the gateway's own questions.</param>
internal sealed class Replica(Uri address, string host)
{
    private volatile ReplicaState _state = ReplicaState.Unknown;
    private int _images;

    public Uri Address { get; } = address;

    public string Host { get; } = host;

    /// <summary>Names the replica in logs and metrics.</summary>
    public string Name => Address.Authority;

    public ReplicaState State => _state;

    /// <summary>Images that the requests ask for that were sent to it and have not ended; a request for something else counts as one.</summary>
    public int Images => Volatile.Read(ref _images);

    /// <summary>Replaces what is known and returns what was known before.</summary>
    public ReplicaState Set(ReplicaState state) => Interlocked.Exchange(ref _state, state);

    /// <summary>Takes it out until the next good probe, because it accepts no connection.</summary>
    public void TakeOut(string reason) => Set(_state with { IsReady = false, Reason = reason });

    public void Begin(int images) => Interlocked.Add(ref _images, images);

    public void End(int images) => Interlocked.Add(ref _images, -images);
}

/// <summary>What the latest probe, or a failed request since, said about a replica.</summary>
/// <param name="IsReady">Whether requests are sent to it.</param>
/// <param name="Reason">Why not; empty if it is ready.</param>
/// <param name="Models">Names and aliases of its models; those of the last good probe if it is out.</param>
internal sealed record ReplicaState(bool IsReady, string Reason, FrozenSet<string> Models)
{
    public static readonly ReplicaState Unknown = new(IsReady: false, "not probed yet", []);

    public bool Has(string? model) => model is null || Models.Contains(model);
}
