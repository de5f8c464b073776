using CtfService.Model.Storage;

namespace CtfService.Model.Tests.Storage;

/// <summary>Simulates a killed process: after a number of operations, all further operations have no effect.</summary>
internal sealed class KilledDisk(int operations) : Disk
{
    private int _left = operations;

    /// <summary>True if the work needed fewer operations.</summary>
    public bool Survived => _left > 0;

    public override void MoveFile(string source, string target) => Next(() => base.MoveFile(source, target));

    public override void DeleteFile(string path) => Next(() => base.DeleteFile(path));

    public override void MoveFolder(string source, string target) => Next(() => base.MoveFolder(source, target));

    public override void DeleteFolder(string path) => Next(() => base.DeleteFolder(path));

    public override void SyncFile(string path) => Next(() => base.SyncFile(path));

    public override void SyncFolder(string path) => Next(() => base.SyncFolder(path));

    /// <summary>Counts a write of the caller.</summary>
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
