using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>What the rest of the service may ask about the model. Any thread.</summary>
public interface IModelStatus
{
    ModelStatus Current { get; }

    /// <summary>Completes when loading has ended, well or not.</summary>
    Task LoadingEnded { get; }

    /// <summary>The loaded model.</summary>
    /// <exception cref="ModelNotReadyException">Loading, failed or stopping; the message says which.</exception>
    ModelDescription RequireModel();
}
