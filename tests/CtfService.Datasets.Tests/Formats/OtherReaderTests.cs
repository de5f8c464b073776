using System.Text.Json;
using CtfService.Datasets.Plans;
using CtfService.TestSupport;

namespace CtfService.Datasets.Tests.Formats;

/// <summary>Programs with other libraries read every format: the files of a job as well as those in a folder have the right pixels and labels.</summary>
public sealed class OtherReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [NodeTheory]
    [InlineData(DatasetFormat.Imagefolder)]
    [InlineData(DatasetFormat.Webdataset)]
    [InlineData(DatasetFormat.Npz)]
    [InlineData(DatasetFormat.Parquet)]
    public async Task Files_ReadByAnotherLibrary_HaveThePixelsAndLabels(DatasetFormat format)
    {
        var dataset = new Dataset(FakeDataset.Plan(format), FakeDataset.Model);
        foreach (var (name, content) in await FakeDataset.Files(FakeDataset.Format(dataset.Plan)))
        {
            await File.WriteAllBytesAsync(_folder.File(name), content);
        }

        var images = await ReadAsync(format);

        Assert.Equal(dataset.Count, images.Count);
        Assert.All(images.Index(), entry => RequireSame(dataset, entry.Index, entry.Item));
    }

    public void Dispose() => _folder.Dispose();

    private static void RequireSame(Dataset dataset, int index, JsonElement read)
    {
        var planned = dataset.Image(index);
        Assert.Equal(planned.Specification.ClassId, read.GetProperty("label").GetInt32());
        Assert.Equal(FakeDataset.Draw(dataset, planned).Pixels, read.GetProperty("pixels").GetBytesFromBase64());
        if (dataset.Plan.Format == DatasetFormat.Npz)
        {
            return;
        }

        Assert.Equal(dataset.Key(index), read.GetProperty("key").GetString());
        Assert.Equal(dataset.ClassOf(index).Name, read.GetProperty("class_name").GetString());
        if (read.TryGetProperty("seed", out var seed))
        {
            Assert.Equal(planned.Specification.Seed, seed.GetUInt64());
        }
    }

    private async Task<List<JsonElement>> ReadAsync(DatasetFormat format)
    {
        Assert.True(NodeTheoryAttribute.Missing is null, NodeTheoryAttribute.Missing);
        var run = await ProgramRun.Of(
            NodeTheoryAttribute.Node!, ["read.mjs", format.ToString().ToLowerInvariant(), _folder.Root], RepositoryFolder.File(NodeTheoryAttribute.Folder));
        Assert.True(run.ExitCode == 0, run.ToString());
        return [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}

/// <summary>Skipped with the reason if node or the packages are missing, except in the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public const string Folder = "tests/CtfService.Datasets.Tests/OtherReaders";

    public NodeTheoryAttribute() => Skip = InstalledProgram.IsRequired ? null : Missing;

    public static string? Node { get; } = InstalledProgram.Find("node");

    /// <summary>What is missing on this machine and how to install it; null if nothing is missing.</summary>
    public static string? Missing =>
        Node is null ? "node is not on the search path. Install Node.js 20 or later."
        : !Directory.Exists(RepositoryFolder.File(Folder, "node_modules", "hyparquet")) ? $"Packages are not installed. Run: npm ci --prefix {Folder}"
        : null;
}
