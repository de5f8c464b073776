using System.Text.Json;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Datasets.Plans;
using CtfService.Inference.Status;
using CtfService.Jobs.Work;

namespace CtfService.Api.Datasets;

/// <summary>Describes data sets to their owners. Everything comes from the row of the job and the clock. Thread-safe.</summary>
internal sealed class DatasetDescriber(IModelStatus model, TimeProvider clock)
{
    /// <summary>The cause may name paths of the machine.</summary>
    private const string HeldUp =
        "Some of its work failed, for example because files could not be stored, and is tried again. The log of the service names the cause.";

    /// <exception cref="RequestRefusedException">Another version of the service wrote the job, and this one cannot read it.</exception>
    public DatasetResponse Describe(Job job) => TryDescribe(job) ?? throw new RequestRefusedException(new ApiError(
        StatusCodes.Status503ServiceUnavailable,
        $"Another version of the service wrote the data set '{job.Id}', and this one cannot read it. Ask that version, or cancel or delete the data set here.",
        "dataset_unreadable",
        "id"));

    /// <summary>Returns null if this version of the service cannot read the job.</summary>
    public DatasetResponse? TryDescribe(Job job)
    {
        try
        {
            return Describe(job, DatasetSpecification.Parse(job.Specification));
        }
        catch (Exception unreadable) when (unreadable is JsonException or ArgumentException)
        {
            return null;
        }
    }

    public static DatasetFileEntry Describe(string id, ResultFile file) => new(file.Name, file.Bytes, DatasetRoutes.File(id, file.Name));

    private DatasetResponse Describe(Job job, DatasetSpecification specification)
    {
        var (plan, drawn) = (specification.Plan, specification.Model);
        var hasFiles = plan.Format != DatasetFormat.Npz;
        var rate = Rate(job);
        return new DatasetResponse
        {
            Id = job.Id,
            Status = JobStatuses.Name(job.State),
            WaitingFor = WaitingFor(job, specification),
            CreatedAt = job.CreatedAt.ToUnixTimeSeconds(),
            InProgressAt = job.StartedAt?.ToUnixTimeSeconds(),
            FinalizingAt = job.FinalizingAt?.ToUnixTimeSeconds(),
            CompletedAt = EndIf(job, JobState.Completed),
            FailedAt = EndIf(job, JobState.Failed),
            ExpiredAt = EndIf(job, JobState.Expired),
            CancellingAt = job.CancelRequestedAt?.ToUnixTimeSeconds(),
            CancelledAt = EndIf(job, JobState.Cancelled),
            ExpiresAt = job.ExpiresAt.ToUnixTimeSeconds(),
            ImageCounts = new ImageCounts(plan.Total, job.Done, job.Failed),
            ImagesPerSecond = rate is { } perSecond ? Math.Round(perSecond, 3) : null,
            SecondsLeft = rate is { } speed ? Math.Round((plan.Total - job.Done - job.Failed) / speed, 1) : null,
            Name = plan.Name,
            Format = DatasetFormats.Name(plan.Format),
            ImageFormat = hasFiles ? ImageFormats.Name(plan.ImageFormat) : null,
            Quality = hasFiles && plan.ImageFormat != ImageFormat.Png ? plan.Quality : null,
            ShardSize = plan.ShardSize,
            Shards = specification.ShardCount,
            Classes = plan.Counts.Count(count => count > 0),
            Seed = plan.Seed,
            Model = drawn.Name,
            BundleHash = drawn.BundleHash,
            Coarse = StageDefaults.From(plan.Coarse),
            Fine = drawn.HasFineStage ? StageDefaults.From(plan.Fine) : null,
            EstimatedBytes = plan.Format == DatasetFormat.Npz ? plan.Total * ((3L * drawn.ImageWidth * drawn.ImageHeight) + sizeof(long)) : null,
            Metadata = specification.Metadata,
            Webhook = job.Webhook,
            Errors = [.. job.Errors.Select(error => new DatasetError(error.Code, error.Message, error.Param))],
            Files = DatasetResult.Of(job)?.Files.Select(file => Describe(job.Id, file)).ToList(),
        };
    }

    private static long? EndIf(Job job, JobState state) => job.State == state ? job.EndedAt?.ToUnixTimeSeconds() : null;

    /// <summary>Returns the images per second since the job began; null if it does not run or has no finished shard.</summary>
    private double? Rate(Job job)
    {
        var elapsed = (clock.GetUtcNow() - job.StartedAt)?.TotalSeconds;
        return job.State == JobState.InProgress && elapsed > 0 && job.Done > 0 ? job.Done / elapsed : null;
    }

    private string? WaitingFor(Job job, DatasetSpecification specification) =>
        job.State is not (JobState.Validating or JobState.InProgress or JobState.Finalizing) ? null
        : model.Current is not ModelStatus.Ready ready ? "The model is not ready. GET /health/ready says why."
        : ModelMatch.Difference(specification.Origin, ready.Model) ?? (job.IsHeldUp ? HeldUp : null);
}
