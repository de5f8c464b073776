using CtfService.Model.Storage;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Storage;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("report.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_KilledAtAnyPoint_LeavesOldOrNewContentAndTheNextWriteCleansUp()
    {
        for (var operations = 0; ; operations++)
        {
            AtomicFile.WriteText(Target, "good");
            var disk = new KilledDisk(operations);
            try
            {
                AtomicFile.Write(Target, stream => stream.Write("next"u8), disk);
            }
            catch (KilledException)
            {
                // the disk now holds what a killed process leaves
            }

            Assert.Contains(File.ReadAllText(Target), disk.Survived ? ["next"] : new[] { "good", "next" });
            AtomicFile.WriteText(Target, "later");
            Assert.Equal("later", File.ReadAllText(Target));
            Assert.Equal([Target], Directory.GetFiles(_folder.Root));
            if (disk.Survived)
            {
                break;
            }
        }
    }

    [Fact]
    public void Write_WhileAnotherWrites_BothSucceed()
    {
        AtomicFile.Write(Target, outer =>
        {
            AtomicFile.WriteText(Target, "inner");
            outer.Write("outer"u8);
        });

        Assert.Equal("outer", File.ReadAllText(Target));
    }

    [Fact]
    public void Write_FilesWithLongerNames_AreKept()
    {
        var other = _folder.File("report.json.notes-of-mine.tmp");
        File.WriteAllText(other, "kept");

        AtomicFile.WriteText(Target, "new");

        Assert.True(File.Exists(other));
    }
}
