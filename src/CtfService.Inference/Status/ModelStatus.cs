using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>Where the model stands. One of the nested cases.</summary>
public abstract record ModelStatus
{
    private ModelStatus()
    {
    }

    /// <summary>Being read and warmed up.</summary>
    public sealed record Loading : ModelStatus;

    /// <summary>Takes requests: the warm-up batch has succeeded.</summary>
    public sealed record Ready(ModelDescription Model, DateTimeOffset Since) : ModelStatus;

    /// <summary>Its steps fail one after another, so requests are refused for a while.</summary>
    /// <param name="Model">As it was when it was ready.</param>
    /// <param name="RetryAt">From then on one request may try again, and the model counts as ready until it does.</param>
    public sealed record Failing(Ready Model, string Reason, DateTimeOffset RetryAt) : ModelStatus;

    /// <summary>Could not be loaded; the service can switch to another model, and a restart reads it again.</summary>
    /// <param name="Reason">For the log and for operators; may name folders of the machine.</param>
    public sealed record Failed(string Reason) : ModelStatus
    {
        /// <summary>What everybody may know.</summary>
        public const string PublicReason =
            "The model could not be loaded. The log of the service says why, and operators find the reason in GET /v1/admin/models.";
    }

    /// <summary>Told to stop; admitted images still finish.</summary>
    public sealed record Stopping : ModelStatus;

    /// <summary>The worker thread died of a defect; a restart helps, or loading a model anew.</summary>
    /// <param name="Reason">For the log and for operators.</param>
    public sealed record Crashed(string Reason) : ModelStatus
    {
        /// <summary>What everybody may know.</summary>
        public const string PublicReason = "The generation worker has crashed. The log of the service says why. Restart the service, or load a model anew.";
    }
}
