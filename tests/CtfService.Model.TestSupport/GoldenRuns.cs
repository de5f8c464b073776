namespace CtfService.Model.TestSupport;

/// <summary>A class fixture with our results for each golden file, computed once for all tests of a class.</summary>
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

/// <summary>Our results on the inputs of a golden file.</summary>
public interface IGoldenRun<TRun>
{
    /// <summary>Loads the model of this name and computes the results that are compared with its golden file.</summary>
    static abstract TRun Of(string name);
}
