using CtfService.Model.Storage;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Storage;

public sealed class FolderLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Take_HeldByAnother_NamesTheFolderAndTheRemedies()
    {
        using var held = FolderLock.Take(_folder.Root, "--run");

        var refusal = Assert.Throws<IOException>(() => FolderLock.Take(_folder.Root, "--run"));

        Assert.Equal(
            $"'{_folder.Root}' is in use by another process. Wait until it ends, stop it, or choose another folder with --run.",
            refusal.Message);
    }

    [Fact]
    public void TryTake_Released_IsFree()
    {
        FolderLock.TryTake(_folder.Root)!.Dispose();

        using var again = FolderLock.TryTake(_folder.Root);

        Assert.NotNull(again);
    }

    [Fact]
    public void TryTake_FolderThatCannotBeCreated_Throws()
    {
        File.WriteAllText(_folder.File("file"), "no folder");

        Assert.ThrowsAny<IOException>(() => FolderLock.TryTake(_folder.File("file")));
    }
}
