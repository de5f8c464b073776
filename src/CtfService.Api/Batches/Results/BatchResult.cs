using System.Text.Json;
using CtfService.Api.Batches.Requests;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Results;

/// <summary>What became of a batch; the result of its job.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="OutputFileId">Null if no request succeeded.</param>
/// <param name="ErrorFileId">Null if every request succeeded.</param>
internal sealed record BatchResult(string? Model, string? OutputFileId, string? ErrorFileId, long InputTokens, long OutputTokens)
{
    /// <summary>The result of a batch that ended before it was validated.</summary>
    public static BatchResult Nothing { get; } = new(null, null, null, 0, 0);

    /// <summary>Returns null if the job has not ended.</summary>
    public static BatchResult? Of(Job job) => job.Result is { } json ? JsonSerializer.Deserialize<BatchResult>(json) : null;

    /// <summary>Returns the result that was written before; null if there is none.</summary>
    public static async Task<BatchResult?> FindAsync(IFileStore files, Job job, CancellationToken cancellation)
    {
        await using var content = await files.OpenAsync(BatchFiles.Result(job), offset: 0, length: null, cancellation);
        return content is null ? null : await JsonSerializer.DeserializeAsync<BatchResult>(content, cancellationToken: cancellation);
    }

    /// <summary>Writes it, unless another worker has.</summary>
    public Task PublishAsync(IFileStore files, Job job, CancellationToken cancellation) => files.PublishAsync(
        BatchFiles.Result(job), (stream, cancel) => JsonSerializer.SerializeAsync(stream, this, cancellationToken: cancel), cancellation);

    public string ToJson() => JsonSerializer.Serialize(this);
}
