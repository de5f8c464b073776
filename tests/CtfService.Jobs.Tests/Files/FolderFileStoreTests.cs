using CtfService.Jobs.Files;
using CtfService.TestSupport;

namespace CtfService.Jobs.Tests.Files;

/// <summary>The folder store, and how it survives crashes and broken storage.</summary>
public sealed class FolderFileStoreTests : FileStoreTests, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderFileStore _store;

    public FolderFileStoreTests() => _store = new FolderFileStore(Root, Clock);

    private protected override IFileStore Store => _store;

    /// <summary>Does not exist before the first file.</summary>
    private string Root => _folder.File("data/files");

    private string Incomplete => Path.Combine(Root, ".incomplete");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Constructor_AndReads_CreateNothing()
    {
        await Store.FindAsync("a/b", default);
        await List("");
        await Store.DeleteAsync("a/b", default);

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public async Task Publish_Anything_LeavesNoIncompleteFile()
    {
        await Publish("a/b", "1");
        await Publish("a/b", "2");

        Assert.Empty(Directory.EnumerateFiles(Incomplete));
    }

    [Fact]
    public async Task Delete_LastFile_TakesItsFoldersAlong()
    {
        await Publish("jobs/1/a", "");
        await Publish("jobs/2/a", "");

        await Store.DeleteAsync("jobs/1/a", default);

        Assert.Equal(["jobs/2/a"], await List(""));
        Assert.False(Directory.Exists(Path.Combine(Root, "jobs", "1")));
    }

    [Fact]
    public async Task Publish_WhileOthersDeleteInTheSameFolder_Succeeds()
    {
        var work = Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            for (var file = 0; file < 100; file++)
            {
                Assert.True(await Publish($"jobs/1/{worker}-{file}", ""));
                await Store.DeleteAsync($"jobs/1/{worker}-{file}", default);
            }
        }));

        await Task.WhenAll(work);
    }

    [Fact]
    public async Task Publish_FilesOfKilledWriters_AreDeletedWhenTheyAreOld()
    {
        Directory.CreateDirectory(Incomplete);
        var old = Leftover("old", Leftovers.Age);
        var young = Leftover("young", Leftovers.Age - TimeSpan.FromSeconds(1));
        var busy = Leftover("busy", Leftovers.Age * 2);
        await using var writer = new FileStream(busy, FileMode.Open, FileAccess.Write, FileShare.None);

        await Publish("a", "");

        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
        Assert.True(File.Exists(busy));
    }

    [Fact]
    public async Task Publish_LeftoversOfLater_AreDeletedAnHourLater()
    {
        await Publish("a", "");
        var left = Leftover("later", Leftovers.Age);
        await Publish("b", "");
        Assert.True(File.Exists(left));

        Clock.Advance(Leftovers.Age);
        await Publish("c", "");

        Assert.False(File.Exists(left));
    }

    [Fact]
    public async Task Any_FolderCannotBeCreated_SaysWhatToDo()
    {
        await File.WriteAllTextAsync(_folder.File("data"), "a file where the folder should be");

        var error = await Assert.ThrowsAsync<FileStoreUnavailableException>(() => Publish("a", ""));

        Assert.Contains(Root, error.Message, StringComparison.Ordinal);
        Assert.Contains("Storage:Folder", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(28, "is full")]
    [InlineData(122, "quota")]
    [InlineData(30, "read-only")]
    [InlineData(5, "does not work")]
    public async Task Publish_StorageFailsAtAnyPoint_StoresNothingAndGoesOnWhenMended(int errorNumber, string expected)
    {
        for (var point = FailingDisk.Point.Create; point <= FailingDisk.Point.Close; point++)
        {
            var failing = new FolderFileStore(Root, Clock, new FailingDisk(point, errorNumber));

            var error = await Assert.ThrowsAsync<FileStoreUnavailableException>(() => failing.PublishAsync(
                $"a/{point}", (stream, cancellation) => stream.WriteAsync(new byte[1 << 20], cancellation).AsTask(), default));

            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
            Assert.Null(await Store.FindAsync($"a/{point}", default));
            Assert.Empty(Directory.EnumerateFiles(Incomplete));
            Assert.True(await Publish($"a/{point}", "mended"));
        }
    }

    [Fact]
    public async Task Open_FileTruncatedWhileItIsRead_IsAnErrorOfTheStorage()
    {
        await Publish("a", new string('x', 1 << 20));
        await using var stream = (await Store.OpenAsync("a", 0, null, default))!;
        await File.WriteAllTextAsync(Path.Combine(Root, "a"), "short");

        await Assert.ThrowsAsync<FileStoreUnavailableException>(() => Read(stream));
    }

    private string Leftover(string name, TimeSpan age)
    {
        var path = Path.Combine(Incomplete, name);
        File.WriteAllText(path, "half");
        File.SetLastWriteTimeUtc(path, (Clock.GetUtcNow() - age).UtcDateTime);
        return path;
    }

    /// <summary>Fails at one point of writing a file, as a full or broken disk does.</summary>
    private sealed class FailingDisk(FailingDisk.Point point, int errorNumber) : Disk
    {
        public enum Point
        {
            Create,
            Write,
            Sync,
            Name,
            Close,
        }

        public override Stream Create(string path)
        {
            Fail(Point.Create);
            return new FailingFile(path, this);
        }

        public override void Sync(Stream file) => Fail(Point.Sync);

        public override bool TryName(string temporary, string path)
        {
            Fail(Point.Name);
            return base.TryName(temporary, path);
        }

        private void Fail(Point reached)
        {
            if (reached == point)
            {
                throw new IOException("The disk failed.", errorNumber);
            }
        }

        private sealed class FailingFile(string path, FailingDisk disk)
            : FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None)
        {
            public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            {
                disk.Fail(Point.Write);
                return base.WriteAsync(buffer, cancellationToken);
            }

            protected override void Dispose(bool disposing)
            {
                base.Dispose(disposing);
                if (disposing)
                {
                    disk.Fail(Point.Close);
                }
            }
        }
    }
}
