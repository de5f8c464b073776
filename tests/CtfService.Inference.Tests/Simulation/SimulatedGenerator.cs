using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>Duration of each stage on a simulated device.</summary>
internal sealed record DeviceSpeed(TimeSpan DecodeStep, TimeSpan VqEncode, TimeSpan Fine, TimeSpan VqDecode)
{
    /// <summary>Time that each row adds to a decode step, as on a CPU.</summary>
    public TimeSpan Row { get; init; }

    /// <summary>Most positions of an image in a decode step.</summary>
    public int MaxWindow { get; init; } = 1;

    /// <summary>Probability that a drafted label is right if those before it are.</summary>
    public double DraftIsRight { get; init; } = 0.7;
}

/// <summary>
/// A generator whose stages take a fixed time each, by which it advances the clock. Limits the work of a step, pauses images of a lower priority and gives free
/// rows to the windows of images as the real one does.
/// </summary>
internal sealed class SimulatedGenerator(DeviceSpeed speed, FakeTimeProvider clock, int rows = 16) : IImageGenerator
{
    private const int Batch = 8;

    private static readonly RgbImage NoPixels = new(1, 1, new byte[3]);

    private readonly Random _drafts = new(1);
    private readonly List<Simulated> _drawing = [];
    private readonly List<Simulated> _pictures = [];
    private readonly List<Simulated> _layouts = [];

    public ModelDescription Model { get; } = FakeModels.Fruits with { TokenCount = 64 };

    public int FreeRows => rows - _drawing.Sum(drawing => drawing.Image.Rows);

    public int ImageCount => _drawing.Count + _pictures.Count + _layouts.Count;

    public StepReport LastStep { get; private set; }

    /// <summary>Time at which each image ended, by seed.</summary>
    public Dictionary<ulong, DateTimeOffset> Ended { get; } = [];

    /// <summary>The report of each step.</summary>
    public List<StepReport> Steps { get; } = [];

    public int RowsBelow(ImagePriority priority) => _drawing.Where(image => image.Priority > priority).Sum(image => image.Image.Rows);

    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Rows, FreeRows, nameof(image));
        var line = image.Layout switch
        {
            LayoutSource.Given => _layouts,
            LayoutSource.Encoded => _pictures,
            _ => _drawing,
        };
        line.Add(new Simulated(id, image, priority));
    }

    public void Remove(long id)
    {
        _drawing.RemoveAll(image => image.Id == id);
        _pictures.RemoveAll(image => image.Id == id);
        _layouts.RemoveAll(image => image.Id == id);
    }

    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        var priority = Priority();
        var isShort = priority > ImagePriority.Interactive; // one stage, one image
        var (decodes, labels) = isShort && _pictures.Count + _layouts.Count > 0 ? default : Decode(priority);
        var pictures = isShort && _layouts.Count > 0 ? [] : Take(_pictures, priority);
        _layouts.AddRange(isShort ? [] : pictures);
        var finished = isShort && decodes > 0 ? [] : Take(_layouts, priority);
        _layouts.AddRange(isShort ? pictures : []);
        LastStep = new StepReport(decodes, decodes > 0 ? Spend(1, speed.DecodeStep + (decodes * speed.Row)).Elapsed : TimeSpan.Zero)
        {
            Decode = labels,
            VqEncode = Spend(pictures.Count, speed.VqEncode),
            Fine = Spend(finished.Count, speed.Fine),
            VqDecode = Spend(finished.Count, speed.VqDecode),
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

    /// <summary>Returns the highest priority of all images.</summary>
    private ImagePriority Priority() =>
        ((List<Simulated>)[.. _drawing, .. _pictures, .. _layouts]).Select(image => image.Priority).DefaultIfEmpty(ImagePriority.Bulk).Min();

    /// <summary>Decodes labels of each image of a priority. Returns the number of rows.</summary>
    private (int Rows, DecodeWork Labels) Decode(ImagePriority priority)
    {
        var stepping = _drawing.FindAll(image => image.Priority == priority);
        var free = rows - stepping.Sum(image => image.Image.Rows);
        var (computed, positions, labels, wasted) = (0, 0, 0, 0);
        foreach (var image in stepping)
        {
            var most = Math.Min(speed.MaxWindow, Model.TokenCount - image.Labels);
            var window = Math.Min(most, 1 + (free / image.Image.Rows));
            free -= (window - 1) * image.Image.Rows;
            var right = 1;
            while (right < window && _drafts.NextDouble() < speed.DraftIsRight)
            {
                right++;
            }

            image.Labels += right;
            computed += window * image.Image.Rows;
            wasted += (window - right) * image.Image.Rows;
            (positions, labels) = (positions + window, labels + right);
        }

        _drawing.RemoveAll(image => image.Labels == Model.TokenCount);
        _layouts.AddRange(stepping.Where(image => image.Labels == Model.TokenCount));
        return (computed, new DecodeWork(stepping.Count, positions, labels, wasted));
    }

    /// <summary>Removes and returns the next batch of a line.</summary>
    private static List<Simulated> Take(List<Simulated> line, ImagePriority priority)
    {
        var batch = line.Where(image => image.Priority == priority).Take(priority > ImagePriority.Interactive ? 1 : Batch).ToList();
        line.RemoveAll(batch.Contains);
        return batch;
    }

    private StageWork Spend(int images, TimeSpan each)
    {
        clock.Advance(images * each);
        return new StageWork(images, images * each);
    }

    private sealed class Simulated(long id, ImageSpecification image, ImagePriority priority)
    {
        public long Id { get; } = id;

        public ImageSpecification Image { get; } = image;

        public ImagePriority Priority { get; } = priority;

        /// <summary>Labels so far.</summary>
        public int Labels { get; set; }
    }
}
