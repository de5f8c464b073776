using System.Diagnostics;
using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// A simulated accelerator: a step takes a fixed time, whatever its rows, and no time of the CPU; images are empty. Shows what queue and workers cost when the
/// device does the work.
/// </summary>
/// <param name="step">Duration of a step.</param>
/// <param name="steps">Steps of an image.</param>
/// <param name="rows">Rows of a step.</param>
internal sealed class SimulatedDevice(TimeSpan step, int steps, int rows) : IImageGenerator
{
    private static readonly RgbImage NoPixels = new(1, 1, new byte[3]);

    private readonly Dictionary<long, (ImageSpecification Image, long Started, int Left)> _images = [];
    private int _usedRows;

    public ModelDescription Model { get; } = new()
    {
        Name = "simulated",
        Classes = new ClassCatalog(["nothing"]),
        ImageWidth = 1,
        ImageHeight = 1,
        TokenCount = steps,
        CodebookSize = 2,
        ClusterCount = 2,
        HasFineStage = false,
        DefaultCoarse = new SamplingSettings(),
        DefaultFine = new SamplingSettings(),
        BundleHash = new string('0', 64),
    };

    public int FreeRows => rows - _usedRows;

    public int ImageCount => _images.Count;

    public StepReport LastStep { get; private set; }

    public int RowsBelow(ImagePriority priority) => 0;

    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Rows, FreeRows, nameof(image));
        _images.Add(id, (image, Stopwatch.GetTimestamp(), steps));
        _usedRows += image.Rows;
    }

    public void Remove(long id) => _usedRows -= _images.Remove(id, out var removed) ? removed.Image.Rows : 0;

    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        LastStep = new StepReport(_usedRows, step);
        if (cancellation.WaitHandle.WaitOne(step))
        {
            cancellation.ThrowIfCancellationRequested();
        }

        List<GenerationOutcome> finished = [];
        foreach (var (id, (image, started, left)) in _images)
        {
            _images[id] = (image, started, left - 1);
            if (left == 1)
            {
                var times = new StageTimings(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.Zero);
                finished.Add(new GenerationOutcome(id, new GeneratedImage(image, NoPixels, [], [], times)));
            }
        }

        finished.ForEach(image => Remove(image.Id));
        return finished;
    }

    public void Dispose()
    {
        // Holds nothing.
    }
}

/// <summary>Returns a new generator for each load.</summary>
internal sealed class GeneratorOf(Func<CancellationToken, IImageGenerator> load) : IImageGeneratorFactory
{
    public IImageGenerator Load(CancellationToken cancellation) => load(cancellation);
}
