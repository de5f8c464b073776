using System.Text.Json;

namespace CtfService.Trials.Datasets;

/// <summary>A data set as <c>/v1/datasets</c> describes it: the fields that the trials look at.</summary>
internal sealed record DatasetJob(string Id, string Status, string? WaitingFor, DatasetCounts ImageCounts, IReadOnlyList<DatasetProblem> Errors)
{
    public bool IsEnded => Status is "completed" or "failed" or "expired" or "cancelled";

    public override string ToString() =>
        $"{Status}, {ImageCounts.Completed} of {ImageCounts.Total} images, {ImageCounts.Failed} failed"
        + (WaitingFor is null ? "" : $", waiting for {WaitingFor}")
        + string.Concat(Errors.Select(error => $"; {error.Code}: {error.Message}"));

    public static DatasetJob Parse(string json) => JsonSerializer.Deserialize<DatasetJob>(json, DatasetClient.Json)!;
}

internal sealed record DatasetCounts(long Total, long Completed, long Failed);

internal sealed record DatasetProblem(string Code, string Message);

/// <summary>A file in a list of files.</summary>
internal sealed record DatasetFile(string Name, long Bytes, string Url);
