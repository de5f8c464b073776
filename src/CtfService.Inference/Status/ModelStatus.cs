using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>Status of a model: one of the nested cases.</summary>
public abstract record ModelStatus
{
    private ModelStatus()
    {
    }

    /// <summary>The model is being read and warmed up.</summary>
    public sealed record Loading : ModelStatus;

    /// <summary>The model accepts requests; the warm-up image has succeeded.</summary>
    public sealed record Ready(ModelDescription Model, DateTimeOffset Since) : ModelStatus;

    /// <summary>Consecutive steps failed, so requests are refused for a while.</summary>
    /// <param name="Model">The status before the failures.</param>
    /// <param name="RetryAt">Time from which one request may try again; the model counts as ready until that request is admitted.</param>
    public sealed record Failing(Ready Model, string Reason, DateTimeOffset RetryAt) : ModelStatus;

    /// <summary>The model could not be loaded. The service can switch to another model, and a restart reads it again.</summary>
    /// <param name="Reason">Reason for the log and for operators; may contain paths of the machine.</param>
    public sealed record Failed(string Reason) : ModelStatus
    {
        /// <summary>Reason for callers.</summary>
        public const string PublicReason =
            "The model could not be loaded. The service log has the details; operators find the reason in GET /v1/admin/models.";
    }

    /// <summary>The service is shutting down; admitted images may still finish.</summary>
    public sealed record Stopping : ModelStatus;

    /// <summary>The worker thread crashed. A restart or another load of a model helps.</summary>
    /// <param name="Reason">Reason for the log and for operators.</param>
    public sealed record Crashed(string Reason) : ModelStatus
    {
        /// <summary>Reason for callers.</summary>
        public const string PublicReason = "The generation worker has crashed. The service log has the details. Restart the service or load a model.";
    }
}
