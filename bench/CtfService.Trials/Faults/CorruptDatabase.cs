namespace CtfService.Trials.Faults;

/// <summary>The SQLite file is overwritten while the service is down, and the backup comes back later.</summary>
internal static class CorruptDatabase
{
    public const string Name = "corrupt-database";

    private const string Cause = "is damaged";

    private static readonly byte[] Magic = "SQLite format 3\0"u8.ToArray();

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        var storage = Path.Combine(scene.Folder, "data");
        await scene.StartAsync(storage, cancellation);
        var job = await scene.BeginAsync(cancellation);
        scene.Service.Kill();
        var damage = await DamageAsync(storage, cancellation);
        await scene.CannotStartAsync("with a corrupt database", Cause, cancellation);
        var isKept = await damage.IsKeptAsync(cancellation);
        scene.Require("the damaged file", $"{(isKept ? "was left as it was" : "was changed")}", $"left as it was", isKept);

        await damage.RestoreAsync(cancellation);
        await scene.Service.StartReadyAsync(cancellation);
        await scene.CompletesAsync(job.Id, cancellation);
    }

    /// <summary>Damages the database and restores it, a number of times while a data set is made.</summary>
    public static async Task RepeatAsync(FaultScene scene, int times, CancellationToken cancellation)
    {
        var storage = Path.Combine(scene.Folder, "data");
        await scene.StartAsync(storage, cancellation);
        var first = await scene.BeginAsync(cancellation);
        using var end = new CancellationTokenSource();
        var datasets = scene.DatasetsAsync(end.Token, cancellation);
        var (refused, kept, wrongImages) = (0, 0, 0);
        for (var time = 0; time < times; time++)
        {
            await scene.Service.StopAsync(); // not killed: work during which five processes disappear is given up
            var damage = await DamageAsync(storage, cancellation);
            refused += (await scene.TryStartAsync(Cause, cancellation)).IsRefused ? 1 : 0;
            kept += await damage.IsKeptAsync(cancellation) ? 1 : 0;
            await damage.RestoreAsync(cancellation);
            await scene.Service.StartReadyAsync(cancellation);
            wrongImages += await scene.WrongImagesAsync(cancellation);
        }

        await end.CancelAsync();
        var (made, wrong) = await datasets;
        scene.Require(
            $"{times} damaged databases: starts", $"{refused} refused with the cause, {kept} files left as they were", $"all",
            refused == times && kept == times);
        scene.Require($"{times} damaged databases: interactive images after the restore", $"{wrongImages} wrong", $"0", wrongImages == 0);
        scene.RequireSame($"{times} damaged databases: data sets", made + 1, [.. wrong, .. await scene.DifferencesOfAsync(first.Id, cancellation)]);
    }

    /// <summary>Overwrites the database of the service, which does not run.</summary>
    private static async Task<Damage> DamageAsync(string storage, CancellationToken cancellation)
    {
        var database = Directory.EnumerateFiles(storage).Single(IsDatabase);
        var parts = new[] { database, $"{database}-wal", $"{database}-shm" }.Where(File.Exists).ToList();
        var backup = parts.ToDictionary(part => part, File.ReadAllBytes);
        var damaged = backup[database].Select((value, i) => (byte)(value ^ (i * 7) ^ 0x5A)).ToArray();
        parts.ForEach(File.Delete); // without its log, or that would mend the database
        await File.WriteAllBytesAsync(database, damaged, cancellation);
        return new(database, damaged, backup);
    }

    private static bool IsDatabase(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var start = new byte[Magic.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(Magic);
    }

    /// <summary>A database that was overwritten, and what it was before.</summary>
    private sealed record Damage(string Database, byte[] Damaged, IReadOnlyDictionary<string, byte[]> Backup)
    {
        public async Task<bool> IsKeptAsync(CancellationToken cancellation) =>
            (await File.ReadAllBytesAsync(Database, cancellation)).AsSpan().SequenceEqual(Damaged);

        public async Task RestoreAsync(CancellationToken cancellation)
        {
            foreach (var (file, content) in Backup)
            {
                await File.WriteAllBytesAsync(file, content, cancellation);
            }
        }
    }
}
