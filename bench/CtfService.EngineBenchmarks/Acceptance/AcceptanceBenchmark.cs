using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Loading;
using CtfService.Model.Stages;

namespace CtfService.EngineBenchmarks.Acceptance;

/// <summary>Counts the decode steps of a bundle's images by window. The figures do not depend on the machine: windows never change a label.</summary>
public sealed class AcceptanceBenchmark : IDisposable
{
    private readonly BundleWeights _weights;
    private readonly ComputeThreadPool _pool = new();
    private readonly SimdDecodeEngine _engine;

    /// <param name="largestWindow">Largest window that is measured.</param>
    public AcceptanceBenchmark(string directory, int largestWindow, CancellationToken cancellation)
    {
        _weights = BundleReader.OpenWeights(directory, cancellation);
        Model = _weights.Bundle.Manifest.Name;
        Default = _weights.Bundle.Manifest.Sampling.Coarse;
        _engine = new SimdDecodeEngine(
            _weights.Bundle.Manifest.Coarse, WeightSource.Of(_weights.Coarse, cancellation), _pool, new CpuEngineOptions(2 * largestWindow));
    }

    public string Model { get; }

    /// <summary>Default sampling of the bundle's coarse labels.</summary>
    public SamplingSettings Default { get; }

    /// <summary>Labels of an image.</summary>
    public int Positions => _engine.Config.Positions;

    /// <summary>Draws images of every class one after the other, and returns the accepted labels of each step of each image.</summary>
    /// <param name="perClass">Images of each class, with the seeds 0, 1 and so on.</param>
    public IReadOnlyList<IReadOnlyList<int>> Run(int window, SamplingSettings settings, SamplingMethod method, int perClass, CancellationToken cancellation)
    {
        var recording = new RecordingWindow(window);
        // Not disposed, because it would dispose the engine.
        var stage = new HostCoarseStage(_engine, recording, SimdEngineBuilder.DraftsOf(_weights, _engine.Capacity));
        List<IReadOnlyList<int>> images = [];
        for (var image = 0; image < perClass * _engine.Config.ClassCount; image++)
        {
            cancellation.ThrowIfCancellationRequested();
            var specification = new ImageSpecification(image / perClass, (ulong)(image % perClass), settings, new SamplingSettings()) { Method = method };
            stage.Add(new RunningImage(image, specification, Positions));
            while (stage.Count > 0)
            {
                stage.Step();
            }

            images.Add(recording.Take());
        }

        return images;
    }

    /// <summary>Records the steps of default settings.</summary>
    public AcceptanceTrace Record(IReadOnlyList<int> windows, int perClass, CancellationToken cancellation) => new(
        Model,
        Positions,
        [.. windows.Where(window => window > 1).Order().Select(window => new WindowTrace(
            window,
            [.. Run(window, Default, SamplingMethod.GumbelMax, perClass, cancellation).Select(steps => string.Join(' ', steps))]))]);

    public void Dispose()
    {
        _engine.Dispose();
        _pool.Dispose();
        _weights.Dispose();
    }
}
