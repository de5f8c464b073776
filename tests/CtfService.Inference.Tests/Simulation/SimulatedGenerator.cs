using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>Duration of each stage on a simulated device.</summary>
internal sealed record DeviceSpeed(TimeSpan DecodeStep, TimeSpan VqEncode, TimeSpan Fine, TimeSpan VqDecode);

/// <summary>
/// A generator whose stages take a fixed time each, by which it advances the clock. Limits the work of a step as the real generator does.
/// </summary>
internal sealed class SimulatedGenerator(DeviceSpeed speed, FakeTimeProvider clock, int rows = 16) : IImageGenerator
{
    private const int Batch = 8;

    private static readonly RgbImage NoPixels = new(1, 1, new byte[3]);

    private readonly List<(long Id, ImageSpecification Image, int Steps)> _drawing = [];
    private readonly List<(long Id, ImageSpecification Image)> _pictures = [];
    private readonly List<(long Id, ImageSpecification Image)> _layouts = [];

    public ModelDescription Model { get; } = FakeModels.Fruits with { TokenCount = 64 };

    public int FreeRows => rows - _drawing.Sum(drawing => drawing.Image.Rows);

    public int ImageCount => _drawing.Count + _pictures.Count + _layouts.Count;

    public StepReport LastStep { get; private set; }

    /// <summary>Time at which each image ended, by seed.</summary>
    public Dictionary<ulong, DateTimeOffset> Ended { get; } = [];

    /// <summary>The report of each step.</summary>
    public List<StepReport> Steps { get; } = [];

    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Rows, FreeRows, nameof(image));
        switch (image.Layout)
        {
            case LayoutSource.Given:
                _layouts.Add((id, image));
                break;
            case LayoutSource.Encoded:
                _pictures.Add((id, image));
                break;
            default:
                _drawing.Add((id, image, 0));
                break;
        }
    }

    public void Remove(long id)
    {
        _drawing.RemoveAll(image => image.Id == id);
        _pictures.RemoveAll(image => image.Id == id);
        _layouts.RemoveAll(image => image.Id == id);
    }

    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        var decodes = Decode();
        var pictures = _pictures.Take(Batch).ToList();
        _pictures.RemoveRange(0, pictures.Count);
        _layouts.AddRange(pictures);
        var finished = _layouts.Take(Batch).ToList();
        _layouts.RemoveRange(0, finished.Count);
        LastStep = new StepReport(decodes, decodes > 0 ? Take(1, speed.DecodeStep).Elapsed : TimeSpan.Zero)
        {
            VqEncode = Take(pictures.Count, speed.VqEncode),
            Fine = Take(finished.Count, speed.Fine),
            VqDecode = Take(finished.Count, speed.VqDecode),
        };
        Steps.Add(LastStep);
        finished.ForEach(image => Ended[image.Image.Seed] = clock.GetUtcNow());
        return [.. finished.Select(image => new GenerationOutcome(
            image.Id, new GeneratedImage(image.Image, NoPixels, [], [], new StageTimings(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero))))];
    }

    public void Dispose()
    {
        // Nothing to dispose.
    }

    /// <summary>Decodes one label of each image. Returns the number of rows.</summary>
    private int Decode()
    {
        var taken = rows - FreeRows;
        for (var i = 0; i < _drawing.Count; i++)
        {
            _drawing[i] = _drawing[i] with { Steps = _drawing[i].Steps + 1 };
        }

        _layouts.AddRange(_drawing.Where(image => image.Steps == Model.TokenCount).Select(image => (image.Id, image.Image)));
        _drawing.RemoveAll(image => image.Steps == Model.TokenCount);
        return taken;
    }

    private StageWork Take(int images, TimeSpan each)
    {
        clock.Advance(images * each);
        return new StageWork(images, images * each);
    }
}
