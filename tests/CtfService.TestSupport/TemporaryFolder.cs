namespace CtfService.TestSupport;

/// <summary>An empty folder that is deleted with everything in it when the test ends.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("ctf-test-").FullName;

    public string File(string name) => Path.Combine(Root, name);

    public void Dispose()
    {
        if (Directory.Exists(Root)) // a host under test may be disposed twice
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
