using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Inference.Worker;

namespace CtfService.Inference.Routing;

/// <summary>Gives requests the current instance, and replaces it with another. Thread-safe.</summary>
public interface IModelRouter
{
    /// <summary>The current instance, followed by those that load or drain.</summary>
    IReadOnlyList<InstanceReport> Instances { get; }

    /// <summary>Outcome of the last switch; null before the first.</summary>
    SwitchOutcome? LastSwitch { get; }

    /// <summary>Takes a lease on the current instance; dispose it.</summary>
    /// <exception cref="ModelNotReadyException">The current model is loading, has failed or is shutting down.</exception>
    ModelLease Lease();

    /// <summary>
    /// Loads and warms up a model alongside the current one, then makes it the current one and drains the previous one. At most two models are in memory: if a
    /// previous one still drains, loading starts after that. Continues even if the caller no longer waits.
    /// </summary>
    /// <exception cref="SwitchInProgressException">Another model is loading.</exception>
    /// <exception cref="ModelLoadException">The model could not be loaded; the message has the reason. A model that serves keeps serving.</exception>
    /// <exception cref="ModelNotReadyException">The service is shutting down.</exception>
    Task<ModelSwitch> SwitchAsync(ModelOrigin origin);
}

/// <summary>State of an instance.</summary>
/// <param name="IsDraining">True if another instance has replaced it and it only finishes its admitted images.</param>
public sealed record InstanceReport(string Bundle, ModelStatus Status, bool IsDraining);

/// <summary>A completed switch.</summary>
/// <param name="Current">The model that serves new requests.</param>
/// <param name="Replaced">The model that served before; null if none was ready.</param>
/// <param name="Times">Durations of loading and warm-up.</param>
/// <param name="Total">Time from the call until requests get the model.</param>
public sealed record ModelSwitch(string Bundle, ModelStatus.Ready Current, ReplacedModel? Replaced, LoadTimes Times, TimeSpan Total);

/// <summary>A model that was replaced.</summary>
public sealed record ReplacedModel(string Bundle, ModelDescription Model);

/// <summary>Outcome of a switch.</summary>
/// <param name="Failure">Reason of the failure; null if the switch succeeded.</param>
public sealed record SwitchOutcome(string Bundle, DateTimeOffset EndedAt, string? Failure);
