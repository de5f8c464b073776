using System.Net;

namespace CtfService.Trials.Faults;

/// <summary>Somebody deletes the file of a finished shard, once while the job runs and once after its end.</summary>
internal static class DeletedShard
{
    public const string Name = "deleted-shard";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        var storage = Path.Combine(scene.Folder, "data");
        await scene.StartAsync(storage, cancellation);
        var job = await scene.BeginAsync(cancellation);
        scene.Note("deleted while the job ran", $"{DeleteFirst(storage)}");
        await scene.ServesWholeFilesAsync(job.Id, "without the deleted one", cancellation);
        await scene.ImagesAsync("without the file", cancellation);
        job = await scene.Datasets.EndAsync(job.Id, Timeout, cancellation);
        scene.Note("state at the end", $"{job}");
        if (job.Status == "completed")
        {
            await scene.CompletesAsync(job.Id, cancellation); // the shard was made again
        }
        else
        {
            scene.Require("state names the cause", $"{job}", $"failed with an error", job is { Status: "failed", Errors.Count: > 0 });
            return;
        }

        var name = DeleteFirst(storage);
        var (status, body) = await scene.Datasets.TryAsync(HttpMethod.Get, $"/v1/datasets/{job.Id}/files/{name}", null, cancellation);
        scene.Require(
            $"download of {name} after it was deleted", $"{(int)status} {FaultScene.Message(body)}", $"404 or 410 that says so",
            status is HttpStatusCode.NotFound or HttpStatusCode.Gone && FaultScene.Message(body).Contains(name, StringComparison.Ordinal));
    }

    /// <summary>Deletes the first tar file and returns its name.</summary>
    private static string DeleteFirst(string storage)
    {
        var file = Directory.EnumerateFiles(storage, "*.tar", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        File.Delete(file);
        return Path.GetFileName(file);
    }
}
