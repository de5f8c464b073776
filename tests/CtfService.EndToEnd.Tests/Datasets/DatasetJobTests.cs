using System.Diagnostics;
using System.Formats.Tar;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Datasets;

/// <summary>Data sets of the real service with the shipped model: the bytes of <c>ctf dataset</c>, kills, and a small job beside a large one.</summary>
public sealed class DatasetJobTests
{
    private const string Counts = """{"red_apple": 5, "banana": 4}""";

    [Fact]
    public async Task Files_OfEachFormat_AreThoseOfTheCommand()
    {
        await using var service = new DatasetService();
        await service.StartAsync();
        foreach (var format in (string[])["webdataset", "npz", "parquet", "imagefolder"])
        {
            var id = await service.CreateAsync($$"""{"counts": {{Counts}}, "format": "{{format}}", "seed": 5, "shard_size": 4}""");
            await service.CompletedAsync(id);

            Assert.Equal(await CommandAsync(format), Unpacked(await service.FilesAsync(id), isPacked: format == "imagefolder"));
        }
    }

    [Fact]
    public async Task Files_TheServiceIsKilledTwice_GoOnByThemselvesAndHaveTheSameBytes()
    {
        const string Request = """{"counts": {"red_apple": 40, "banana": 40}, "seed": 8, "shard_size": 8}""";
        await using var service = new DatasetService();
        await service.StartAsync();
        var undisturbed = await service.CreateAsync(Request);
        await service.CompletedAsync(undisturbed);
        var expected = await service.FilesAsync(undisturbed);

        var id = await service.CreateAsync(Request);
        for (var kill = 0; kill < 2; kill++)
        {
            await service.PassedAsync(id, (await service.FindAsync(id)).Completed);
            service.Kill();
            await service.StartAsync();
            var (status, images) = await service.FindAsync(id);
            var started = Stopwatch.GetTimestamp();
            if (status == "in_progress")
            {
                await service.PassedAsync(id, images);
                Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(10));
            }
        }

        await service.CompletedAsync(id);

        Assert.Equal(expected, await service.FilesAsync(id));
    }

    [Fact]
    public async Task Create_ASmallJobDuringALargeOne_IsDoneWithinTwoShards()
    {
        const int ShardSize = 16;
        const int Slots = 2; // Jobs:Concurrency
        await using var service = new DatasetService();
        await service.StartAsync();
        var large = await service.CreateAsync($$"""{"per_class": 500, "shard_size": {{ShardSize}}}""");
        await service.PassedAsync(large, 0);

        var before = (await service.FindAsync(large)).Completed;
        await service.CompletedAsync(await service.CreateAsync($$"""{"counts": {"red_apple": 10}, "shard_size": {{ShardSize}}}"""));
        var meanwhile = (await service.FindAsync(large)).Completed - before;

        Assert.InRange(meanwhile, 0, 2 * Slots * ShardSize);
    }

    /// <summary>Returns the files that the command makes, by path.</summary>
    private static async Task<SortedDictionary<string, byte[]>> CommandAsync(string format)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("counts.json"), Counts);
        string[] command =
        [
            Path.Combine(AppContext.BaseDirectory, "ctf.dll"), "dataset", "--bundle", RepositoryFolder.File("models", "fruits-64"),
            "--counts", folder.File("counts.json"), "--dtype", FixedElementType.Name, "--format", format, "--seed", "5", "--shard-size", "4",
            "--output", folder.File("out"),
        ];
        var run = await ProgramRun.Of("dotnet", command, folder.Root);
        Assert.True(run.ExitCode == 0, run.ToString());
        var files = Directory.EnumerateFiles(folder.File("out"), "*", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(folder.File("out"), file), File.ReadAllBytes);
        return new SortedDictionary<string, byte[]>(files, StringComparer.Ordinal);
    }

    /// <summary>Replaces tar files by what is in them.</summary>
    private static SortedDictionary<string, byte[]> Unpacked(SortedDictionary<string, byte[]> files, bool isPacked)
    {
        var unpacked = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (name, content) in files)
        {
            if (!isPacked || !name.EndsWith(".tar", StringComparison.Ordinal))
            {
                unpacked.Add(name, content);
                continue;
            }

            using var tar = new TarReader(new MemoryStream(content));
            while (tar.GetNextEntry(copyData: true) is { } entry)
            {
                using var copy = new MemoryStream();
                entry.DataStream!.CopyTo(copy);
                unpacked.Add(entry.Name, copy.ToArray());
            }
        }

        return unpacked;
    }
}
