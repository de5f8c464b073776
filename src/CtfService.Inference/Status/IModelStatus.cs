using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>Status of the current model. Thread-safe.</summary>
public interface IModelStatus
{
    ModelStatus Current { get; }

    /// <summary>The devices of the current model, in the order of the settings.</summary>
    IReadOnlyList<DeviceReport> Devices { get; }

    /// <summary>The queue of the current model.</summary>
    QueueReport Queue { get; }

    /// <summary>
    /// Completes when the first load has ended, successfully or not. Returns the error that it ended with; null if it succeeded or was aborted.
    /// </summary>
    Task<Exception?> LoadingEnded { get; }

    /// <summary>Returns the loaded model.</summary>
    /// <exception cref="ModelNotReadyException">The model is loading, has failed or is stopping; the message says which.</exception>
    ModelStatus.Ready RequireReady();
}
