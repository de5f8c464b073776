using System.Text.Json;
using CtfService.Jobs.Work;

namespace CtfService.Api.Datasets;

/// <summary>The outcome of a data set job, as the row of the job keeps it.</summary>
/// <param name="Files">The caller's files in the order of their names.</param>
internal sealed record DatasetResult(IReadOnlyList<ResultFile> Files)
{
    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>Returns the result of a job; null if it has none.</summary>
    public static DatasetResult? Of(Job job) => job.Result is null ? null : JsonSerializer.Deserialize<DatasetResult>(job.Result);
}

/// <summary>A file that the caller gets.</summary>
/// <param name="Bytes">Length.</param>
internal sealed record ResultFile(string Name, long Bytes);
