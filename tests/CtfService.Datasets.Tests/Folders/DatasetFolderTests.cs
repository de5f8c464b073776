using CtfService.Datasets.Finishing;
using CtfService.Datasets.Folders;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using CtfService.TestSupport;

namespace CtfService.Datasets.Tests.Folders;

public sealed class DatasetFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public static TheoryData<DatasetFormat> Formats { get; } = [.. Enum.GetValues<DatasetFormat>()];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Folder_InterruptedAfterEveryImage_EndsWithTheSameBytes(DatasetFormat format)
    {
        var expected = await Undisturbed(format);

        for (var images = 1; images <= 7; images++)
        {
            await AddAsync(format, images: 1);
        }

        await AddAsync(format, images: 0, finish: true);
        Assert.Equal(expected, Files(_temporary.File("set")));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Folder_ImagesInAnyOrder_HasTheSameBytes(DatasetFormat format)
    {
        var expected = await Undisturbed(format);
        using var folder = Open(format);

        foreach (var planned in folder.Missing().Reverse().ToList())
        {
            await folder.AddAsync(Encode(format, planned));
        }

        await folder.FinishAsync();
        Assert.Equal(expected, Files(_temporary.File("set")));
    }

    [Fact]
    public async Task Files_OfAFinishedFolder_AreThoseOfTheFormat()
    {
        var folder = await Undisturbed(DatasetFormat.Webdataset);
        var service = await FakeDataset.Files(FakeDataset.Format(FakeDataset.Plan()));

        Assert.Equal(service.OrderBy(file => file.Key, StringComparer.Ordinal), folder); // what a job of the service stores
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(300)]
    public async Task Open_TheEndOfTheJournalIsDamaged_GoesOnFromTheImageBefore(int bytes)
    {
        var expected = await Undisturbed(DatasetFormat.Webdataset);
        await AddAsync(DatasetFormat.Webdataset, images: 2);
        var journal = Directory.GetFiles(StateFiles.Folder(_temporary.File("set")), "*.journal").Single();
        await using (var file = new FileStream(journal, FileMode.Open))
        {
            file.SetLength(file.Length - bytes);
        }

        using (var folder = Open(DatasetFormat.Webdataset))
        {
            Assert.Equal(1, folder.Finished);
        }

        await AddAsync(DatasetFormat.Webdataset, images: 6, finish: true);
        Assert.Equal(expected, Files(_temporary.File("set")));
    }

    [Fact]
    public async Task Open_AByteOfTheJournalHasChanged_MakesThatImageAgain()
    {
        await AddAsync(DatasetFormat.Webdataset, images: 2);
        var journal = Directory.GetFiles(StateFiles.Folder(_temporary.File("set")), "*.journal").Single();
        var bytes = await File.ReadAllBytesAsync(journal);
        bytes[^10] ^= 1;
        await File.WriteAllBytesAsync(journal, bytes);

        using var folder = Open(DatasetFormat.Webdataset);

        Assert.Equal(1, folder.Finished);
        Assert.Equal(1, folder.Missing().First().Index);
    }

    [Theory]
    [InlineData(DatasetFormat.Webdataset, "images-000001.tar", new[] { 3, 4, 5 })]
    [InlineData(DatasetFormat.Imagefolder, "red apple/images-00000003.png", new[] { 3, 4, 5 })]
    [InlineData(DatasetFormat.Npz, "images.npz", new[] { 0, 1, 2, 3, 4, 5, 6 })]
    [InlineData(DatasetFormat.Parquet, "dataset.json", new int[0])]
    public async Task Open_AFileWasDeletedAfterwards_MakesItsShardAgain(DatasetFormat format, string deleted, int[] missing)
    {
        var expected = await Undisturbed(format);
        await AddAsync(format, images: 7, finish: true);
        File.Delete(_temporary.File($"set/{deleted}"));

        if (deleted == DatasetManifest.FileName)
        {
            Assert.Contains("not empty", Assert.Throws<InvalidDataException>(() => Open(format)).Message, StringComparison.Ordinal);
            return;
        }

        using (var folder = Open(format))
        {
            Assert.Equal(missing, folder.Missing().Select(image => image.Index));
        }

        await AddAsync(format, images: 7, finish: true);
        Assert.Equal(expected, Files(_temporary.File("set")));
    }

    [Fact]
    public async Task Open_AFinishedFolder_NeedsNothing()
    {
        await AddAsync(DatasetFormat.Npz, images: 7, finish: true);

        using var folder = Open(DatasetFormat.Npz);

        Assert.True(folder.IsFinished);
        Assert.Empty(folder.Missing());
        Assert.False(Directory.Exists(StateFiles.Folder(_temporary.File("set"))));
    }

    [Fact]
    public async Task Open_AnotherPlan_IsRefusedWithTheDifferences()
    {
        await AddAsync(DatasetFormat.Webdataset, images: 1);
        var plan = FakeDataset.Plan() with { Seed = 43, Counts = [7, 0, 0, 0, 0], ShardSize = 2 };

        var error = Assert.Throws<InvalidDataException>(() => DatasetFolder.Open(_temporary.File("set"), FakeDataset.Format(plan)));

        Assert.Contains("other counts of images; seed 42, not 43; shard_size 3, not 2.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_AnotherModelOrType_IsRefusedWithTheDifferences(bool isFinished)
    {
        await AddAsync(DatasetFormat.Webdataset, images: 7, isFinished);
        var other = FakeDataset.Model with { Name = "other", BundleHash = new string('b', 64), Dtype = "int8" };

        var error = Assert.Throws<InvalidDataException>(() => DatasetFolder.Open(_temporary.File("set"), FakeDataset.Format(FakeDataset.Plan(), other)));

        Assert.Contains(
            "model fruits-fake, not other; bundle_hash aaaaaaaaaaaa, not bbbbbbbbbbbb; dtype float32, not int8.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AFolderWithOtherFiles_IsRefusedAndUnchanged()
    {
        Directory.CreateDirectory(_temporary.File("set"));
        File.WriteAllText(_temporary.File("set/thesis.txt"), "");

        Assert.Throws<InvalidDataException>(() => Open(DatasetFormat.Webdataset));

        Assert.Equal(["thesis.txt"], Directory.EnumerateFileSystemEntries(_temporary.File("set")).Select(Path.GetFileName));
    }

    [Fact]
    public void Open_WhileAnotherHasItOpen_IsRefused()
    {
        using var folder = Open(DatasetFormat.Webdataset);

        var error = Assert.Throws<IOException>(() => Open(DatasetFormat.Webdataset));

        Assert.Contains("in use by another process", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dataset.json")]
    [InlineData(".ctf-dataset/plan.json")]
    public void Open_AForeignFileWithANameOfOurs_IsRefused(string name)
    {
        Directory.CreateDirectory(_temporary.File("set/.ctf-dataset"));
        File.WriteAllText(_temporary.File($"set/{name}"), "{\"name\": \"my data\"}");

        var error = Assert.Throws<InvalidDataException>(() => Open(DatasetFormat.Webdataset));

        Assert.Contains("does not describe a data set of this program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fill_IntoTheFolderItself_KeepsWhatIsThereAndItsList()
    {
        Directory.CreateDirectory(_temporary.File("set/apple"));
        await File.WriteAllTextAsync(_temporary.File("set/apple/mine.png"), "mine");
        await File.WriteAllTextAsync(_temporary.File("set/metadata.jsonl"), "mine");
        var fill = new FilledFolder(_temporary.File("set"), PerClass: 3);

        await AddAsync(DatasetFormat.Imagefolder, images: 7, finish: true, fill);

        Assert.Equal("mine", await File.ReadAllTextAsync(_temporary.File("set/apple/mine.png")));
        Assert.Equal("mine", await File.ReadAllTextAsync(_temporary.File("set/metadata.jsonl")));
        Assert.Equal(7, (await File.ReadAllLinesAsync(_temporary.File("set/images.jsonl"))).Length);
        Assert.Equal(2 + 1, Directory.GetFiles(_temporary.File("set/apple")).Length);
    }

    [Fact]
    public async Task Fill_AnImageHasANameOfTheDataset_IsRefused()
    {
        Directory.CreateDirectory(_temporary.File("set/apple"));
        var taken = _temporary.File($"set/{new ImagefolderFormat(new Dataset(FakeDataset.Plan(), FakeDataset.Model)).FileName(1)}");
        Directory.CreateDirectory(Path.GetDirectoryName(taken)!);
        await File.WriteAllTextAsync(taken, "mine");

        var error = Assert.Throws<InvalidDataException>(() => Open(DatasetFormat.Imagefolder, new FilledFolder(_temporary.File("set"), PerClass: 3)));

        Assert.StartsWith($"{taken}: already exists", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_WhileAFolderIsFilled_ReturnsThePlanThatWasStarted()
    {
        var fill = new FilledFolder(_temporary.File("set"), PerClass: 3);
        Directory.CreateDirectory(_temporary.File("set"));

        await AddAsync(DatasetFormat.Imagefolder, images: 1, finish: false, fill);

        var started = StartedDataset.Find(_temporary.File("set"))!;
        Assert.Equal(fill, started.Fill);
        Assert.Equal([2, 3, 1, 0, 1], started.Plan.Counts);
    }

    [Fact]
    public async Task FinishAsync_ImagesAreMissing_Throws()
    {
        using var folder = Open(DatasetFormat.Webdataset);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => folder.FinishAsync());

        Assert.Equal("7 images are missing.", error.Message);
    }

    public void Dispose() => _temporary.Dispose();

    private async Task<SortedDictionary<string, byte[]>> Undisturbed(DatasetFormat format)
    {
        await AddAsync(format, images: 7, finish: true, name: "undisturbed");
        return Files(_temporary.File("undisturbed"));
    }

    /// <summary>Opens the folder, adds some of the missing images, and closes it.</summary>
    private async Task AddAsync(DatasetFormat format, int images, bool finish = false, FilledFolder? fill = null, string name = "set")
    {
        using var folder = Open(format, fill, name);
        foreach (var planned in folder.Missing().Take(images).ToList())
        {
            await folder.AddAsync(Encode(format, planned));
        }

        if (finish)
        {
            await folder.FinishAsync();
        }
    }

    private DatasetFolder Open(DatasetFormat format, FilledFolder? fill = null, string name = "set") =>
        DatasetFolder.Open(_temporary.File(name), FakeDataset.Format(FakeDataset.Plan(format)), fill);

    private static EncodedImage Encode(DatasetFormat name, PlannedImage planned)
    {
        var format = FakeDataset.Format(FakeDataset.Plan(name));
        return format.Encode(planned, FakeDataset.Draw(format.Dataset, planned));
    }

    private static SortedDictionary<string, byte[]> Files(string folder) => new(
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(path => Path.GetRelativePath(folder, path), File.ReadAllBytes),
        StringComparer.Ordinal);
}
