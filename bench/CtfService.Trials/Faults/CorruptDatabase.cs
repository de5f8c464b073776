namespace CtfService.Trials.Faults;

/// <summary>The SQLite file is overwritten while the service is down, and the backup comes back later.</summary>
internal static class CorruptDatabase
{
    public const string Name = "corrupt-database";

    private static readonly byte[] Magic = "SQLite format 3\0"u8.ToArray();

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        var storage = Path.Combine(scene.Folder, "data");
        await scene.StartAsync(storage, cancellation);
        var job = await scene.BeginAsync(cancellation);
        scene.Service.Kill();

        var database = Directory.EnumerateFiles(storage).Single(IsDatabase);
        var parts = new[] { database, $"{database}-wal", $"{database}-shm" }.Where(File.Exists).ToList();
        var backup = parts.ToDictionary(part => part, File.ReadAllBytes);
        var damaged = backup[database].Select((value, i) => (byte)(value ^ (i * 7) ^ 0x5A)).ToArray();
        parts.ForEach(File.Delete); // without its log, or that would mend the database
        await File.WriteAllBytesAsync(database, damaged, cancellation);

        await scene.CannotStartAsync("with a corrupt database", "is damaged", cancellation);
        var isKept = (await File.ReadAllBytesAsync(database, cancellation)).AsSpan().SequenceEqual(damaged);
        scene.Require("the damaged file", $"{(isKept ? "was left as it was" : "was changed")}", $"left as it was", isKept);

        foreach (var (file, content) in backup)
        {
            await File.WriteAllBytesAsync(file, content, cancellation);
        }

        await scene.Service.StartReadyAsync(cancellation);
        await scene.CompletesAsync(job.Id, cancellation);
    }

    private static bool IsDatabase(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var start = new byte[Magic.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(Magic);
    }
}
