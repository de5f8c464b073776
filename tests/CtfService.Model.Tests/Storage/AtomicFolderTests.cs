using CtfService.Model.Storage;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Storage;

public sealed class AtomicFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("checkpoint");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Replace_KilledTwiceAtAnyPoint_LeavesTheOldFilesOrTheNew()
    {
        for (var first = 0; ; first++)
        {
            for (var second = 0; ; second++)
            {
                Reset();
                Write("good", Disk.OfSystem);
                var firstDisk = new KilledDisk(first);
                var secondDisk = new KilledDisk(second);

                TryWrite("next", firstDisk);
                TryWrite("last", secondDisk);
                new AtomicFolder(Target, mark: "").Recover();

                Assert.Contains(Content(), firstDisk.Survived ? ["next", "last"] : new[] { "good", "next", "last" });
                AssertNothingElse();
                Write("later", Disk.OfSystem);
                Assert.Equal("later", Content());
                AssertNothingElse();
                if (secondDisk.Survived)
                {
                    break;
                }
            }

            if (new KilledDisk(first) is var counted && Survives(counted))
            {
                break;
            }
        }
    }

    [Fact]
    public void Recover_KilledAtAnyPoint_IsCompletedByTheNext()
    {
        for (var operations = 0; ; operations++)
        {
            Reset();
            Write("good", Disk.OfSystem);
            Directory.Move(Target, Target + ".old");
            Fill(Target + ".next", "new", _ => { });
            var disk = new KilledDisk(operations);

            Try(() => new AtomicFolder(Target, mark: "", disk).Recover());
            new AtomicFolder(Target, mark: "").Recover();

            Assert.Equal("new", Content());
            AssertNothingElse();
            if (disk.Survived)
            {
                break;
            }
        }
    }

    [Fact]
    public void Recover_OldFolderAlone_IsRestored()
    {
        Write("good", Disk.OfSystem);
        Directory.Move(Target, Target + ".old");

        new AtomicFolder(Target, mark: "").Recover();

        Assert.Equal("good", Content());
    }

    [Fact]
    public void Replace_WriterFails_KeepsTheOldFilesOnly()
    {
        Write("good", Disk.OfSystem);

        Assert.Throws<InvalidOperationException>(() => new AtomicFolder(Target, mark: "").Replace(_ => throw new InvalidOperationException()));

        Assert.Equal("good", Content());
        AssertNothingElse();
    }

    [Fact]
    public void Replace_LinkToAFolder_ReplacesItsTarget()
    {
        Write("good", Disk.OfSystem);
        var link = _folder.File("current");
        Directory.CreateSymbolicLink(link, Target);

        new AtomicFolder(link, mark: "").Replace(next => Fill(next, "new", _ => { }));

        Assert.Equal("new", Content());
        Assert.NotNull(new DirectoryInfo(link).LinkTarget);
    }

    [Fact]
    public void Replace_DefaultMark_KeepsFoldersOfOtherNames()
    {
        Directory.CreateDirectory(Target + ".old");

        new AtomicFolder(Target).Replace(next => Fill(next, "new", _ => { }));

        Assert.True(Directory.Exists(Target + ".old"));
    }

    private bool Survives(KilledDisk disk)
    {
        Reset();
        Write("good", Disk.OfSystem);
        TryWrite("next", disk);
        return disk.Survived;
    }

    private void Reset()
    {
        foreach (var folder in Directory.GetDirectories(_folder.Root))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private void Write(string content, Disk disk) =>
        new AtomicFolder(Target, mark: "", disk).Replace(next => Fill(next, content, operation => (disk as KilledDisk)?.Next(operation)));

    private void TryWrite(string content, KilledDisk disk) =>
        Try(() => new AtomicFolder(Target, mark: "", disk).Replace(next => Fill(next, content, disk.Next)));

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (KilledException)
        {
            // the disk now holds what a killed process leaves
        }
    }

    /// <summary>Writes two files, so that a mixture is detected.</summary>
    private static void Fill(string folder, string content, Action<Action> between)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "weights"), content);
        between(() => { });
        File.WriteAllText(Path.Combine(folder, "moments"), content);
    }

    private string Content()
    {
        var (weights, moments) = (File.ReadAllText(Path.Combine(Target, "weights")), File.ReadAllText(Path.Combine(Target, "moments")));
        Assert.Equal(weights, moments);
        return weights;
    }

    private void AssertNothingElse() => Assert.Equal([Target], Directory.GetFileSystemEntries(_folder.Root));
}
