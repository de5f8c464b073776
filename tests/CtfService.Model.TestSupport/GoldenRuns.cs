namespace CtfService.Model.TestSupport;

/// <summary>What we computed for each golden file, once for all tests of a class. A class fixture.</summary>
public sealed class GoldenRuns<TRun> : IDisposable
    where TRun : class, IGoldenRun<TRun>, IDisposable
{
    private readonly Dictionary<string, TRun> _runs = [];

    public TRun Of(string name) => _runs.TryGetValue(name, out var run) ? run : _runs[name] = TRun.Of(name);

    public void Dispose()
    {
        foreach (var run in _runs.Values)
        {
            run.Dispose();
        }
    }
}

/// <summary>Our side of a golden file.</summary>
public interface IGoldenRun<TRun>
{
    /// <summary>Loads the model of this name and computes what its golden file is compared with.</summary>
    static abstract TRun Of(string name);
}
