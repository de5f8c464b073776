using CtfService.Model.Storage;

namespace CtfService.Model.Tests.Storage;

/// <summary>A disk whose process is killed: after so many operations nothing happens any more, whatever is called.</summary>
internal sealed class KilledDisk(int operations) : Disk
{
    private int _left = operations;

    /// <summary>Whether the work needed fewer operations than there were.</summary>
    public bool Survived => _left > 0;

    public override void MoveFile(string source, string target) => Next(() => base.MoveFile(source, target));

    public override void DeleteFile(string path) => Next(() => base.DeleteFile(path));

    public override void MoveFolder(string source, string target) => Next(() => base.MoveFolder(source, target));

    public override void DeleteFolder(string path) => Next(() => base.DeleteFolder(path));

    public override void SyncFile(string path) => Next(() => base.SyncFile(path));

    public override void SyncFolder(string path) => Next(() => base.SyncFolder(path));

    /// <summary>For what the caller itself writes.</summary>
    public void Next(Action operation)
    {
        if (_left == 0)
        {
            throw new KilledException();
        }

        _left--;
        operation();
    }
}

internal sealed class KilledException : Exception;
