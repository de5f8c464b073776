using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Requests;

/// <summary>Names of the files of a batch in the file store.</summary>
internal static class BatchFiles
{
    /// <summary>The prefix of all of them.</summary>
    public static string Folder(Job job) => $"jobs/{job.Id}/";

    /// <summary>A copy of the input file, which its owner may delete at any time.</summary>
    public static string Requests(Job job) => $"{Folder(job)}requests.jsonl";

    /// <summary>The <see cref="PreparedBatch"/>.</summary>
    public static string Prepared(Job job) => $"{Folder(job)}prepared.json";

    /// <summary>The results of a shard.</summary>
    public static string Part(Job job, int shard) => $"{Folder(job)}part-{shard:D6}.jsonl";

    /// <summary>What became of the batch, written when the output is complete and before the parts are deleted.</summary>
    public static string Result(Job job) => $"{Folder(job)}result.json";

    public static string Output(Job job) => $"{Folder(job)}output.jsonl";

    public static string Errors(Job job) => $"{Folder(job)}errors.jsonl";
}
