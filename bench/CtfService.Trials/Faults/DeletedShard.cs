using System.Net;

namespace CtfService.Trials.Faults;

/// <summary>Somebody deletes the file of a finished shard, once while the job runs and once after its end.</summary>
internal static class DeletedShard
{
    public const string Name = "deleted-shard";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    /// <summary>Makes a number of data sets, and deletes a finished file of each while it is made.</summary>
    public static async Task RepeatAsync(FaultScene scene, int times, CancellationToken cancellation)
    {
        var storage = Path.Combine(scene.Folder, "data");
        await scene.StartAsync(storage, cancellation);
        var (wrongImages, wrongJobs) = (0, new List<string>());
        for (var time = 0; time < times; time++)
        {
            var job = await scene.BeginAsync(cancellation);
            File.Delete(Shards(storage).MaxBy(File.GetLastWriteTimeUtc)!);
            wrongImages += await scene.WrongImagesAsync(cancellation);
            wrongJobs.AddRange(await scene.DifferencesOfAsync(job.Id, cancellation));
        }

        scene.Require($"{times} deleted files: interactive images", $"{wrongImages} wrong", $"0", wrongImages == 0);
        scene.RequireSame($"{times} deleted files: data sets", times, wrongJobs);
    }

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
        var file = Shards(storage).Order(StringComparer.Ordinal).First();
        File.Delete(file);
        return Path.GetFileName(file);
    }

    private static IEnumerable<string> Shards(string storage) => Directory.EnumerateFiles(storage, "*.tar", SearchOption.AllDirectories);
}
