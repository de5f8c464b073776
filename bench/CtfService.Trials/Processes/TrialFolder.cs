namespace CtfService.Trials.Processes;

/// <summary>A folder of a trial: a temporary one that is deleted at the end, or one that the caller named, which stays.</summary>
internal sealed class TrialFolder : IDisposable
{
    private readonly bool _isTemporary;

    private TrialFolder(string root, bool isTemporary)
    {
        Root = root;
        _isTemporary = isTemporary;
    }

    public string Root { get; }

    /// <param name="named">Null for a temporary folder.</param>
    public static TrialFolder Open(string? named) => named is null
        ? new(Directory.CreateTempSubdirectory("ctf-trial-").FullName, isTemporary: true)
        : new(Directory.CreateDirectory(named).FullName, isTemporary: false);

    public string File(params string[] path) => Path.Combine([Root, .. path]);

    /// <summary>Returns an empty folder inside this one.</summary>
    public string Empty(string name)
    {
        var folder = File(name);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return Directory.CreateDirectory(folder).FullName;
    }

    public void Dispose()
    {
        if (_isTemporary)
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
