using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Inference.Worker;

namespace CtfService.Inference.Routing;

/// <summary>Connects requests with the current instance, and puts another instance in its place. Any thread.</summary>
public interface IModelRouter
{
    /// <summary>The current instance, then those that load or drain.</summary>
    IReadOnlyList<InstanceReport> Instances { get; }

    /// <summary>How the last switch ended; null before the first.</summary>
    SwitchOutcome? LastSwitch { get; }

    /// <summary>A hold on the current instance, to be disposed.</summary>
    /// <exception cref="ModelNotReadyException">The current model is loading, has failed or shuts down.</exception>
    ModelLease Lease();

    /// <summary>
    /// Loads a model beside the current one, warms it up and makes it the current one; the one before drains. At most two models are in memory: one that still drains
    /// is waited for first. Goes on when nobody waits for it any more.
    /// </summary>
    /// <exception cref="SwitchInProgressException">Another model is being loaded.</exception>
    /// <exception cref="ModelLoadException">It could not be loaded, the message says why; the current model goes on serving.</exception>
    /// <exception cref="ModelNotReadyException">The service shuts down.</exception>
    Task<ModelSwitch> SwitchAsync(ModelOrigin origin);
}

/// <summary>Where an instance stands.</summary>
/// <param name="IsDraining">True where another has taken its place and it only finishes what it has begun.</param>
public sealed record InstanceReport(string Bundle, ModelStatus Status, bool IsDraining);

/// <summary>A switch that has been made.</summary>
/// <param name="Current">The model that requests get from now on.</param>
/// <param name="Replaced">The model they got before; null where none was ready.</param>
/// <param name="Times">Of loading.</param>
/// <param name="Total">From asking to the moment at which the first request could get the model.</param>
public sealed record ModelSwitch(string Bundle, ModelStatus.Ready Current, ReplacedModel? Replaced, LoadTimes Times, TimeSpan Total);

/// <summary>A model whose place another has taken.</summary>
public sealed record ReplacedModel(string Bundle, ModelDescription Model);

/// <summary>How a switch ended.</summary>
/// <param name="Failure">Null where it was made.</param>
public sealed record SwitchOutcome(string Bundle, DateTimeOffset EndedAt, string? Failure);
