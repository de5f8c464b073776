using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>What the rest of the service may ask about the model that serves, whichever it is at the moment. Any thread.</summary>
public interface IModelStatus
{
    ModelStatus Current { get; }

    /// <summary>Completes when loading the first model has ended, well or not.</summary>
    Task LoadingEnded { get; }

    /// <summary>The loaded model, at one moment.</summary>
    /// <exception cref="ModelNotReadyException">Loading, failed or stopping; the message says which.</exception>
    ModelStatus.Ready RequireReady();
}
