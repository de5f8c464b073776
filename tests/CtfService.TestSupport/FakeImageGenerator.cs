using System.Collections.Concurrent;
using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.TestSupport;

/// <summary>
/// A generator without a model: class, seed and settings alone determine the pixels. Tests can hold a step at a gate, make a step fail, or limit the
/// memory of the device. As with a real generator, only the worker thread may run steps; tests may call the other members from any thread.
/// </summary>
public sealed class FakeImageGenerator(ModelDescription model) : IImageGenerator
{
    private readonly ConcurrentQueue<Action<CancellationToken>> _beforeNext = new();
    private readonly ConcurrentQueue<IReadOnlyList<ImageSpecification>> _steps = new();
    private readonly SortedDictionary<long, (ImageSpecification Image, PreviewOptions? Previews, ImagePriority Priority, int Steps)> _running = [];
    private Exception? _admissionError;
    private Exception? _defect;

    public ModelDescription Model { get; } = model;

    /// <summary>Number of rows per step.</summary>
    public int Rows { get; set; } = 16;

    /// <summary>Number of steps from admission to the finished image.</summary>
    public int StepsPerImage { get; set; } = 1;

    /// <summary>Number of positions of each image in a step; the label of one of them is right.</summary>
    public int Window { get; set; } = 1;

    /// <summary>The decode time that each step reports.</summary>
    public TimeSpan DecodeTime { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Largest number of images in a step that fits into memory.</summary>
    public int MaxImages { get; set; } = int.MaxValue;

    /// <summary>Returns the error of an image that fails alone at its end; null, the default, if it does not.</summary>
    public Func<ImageSpecification, Exception?> ErrorOf { get; set; } = static _ => null;

    /// <summary>Number of the step, counted from now on, that runs out of memory regardless of its size; 0 for none.</summary>
    public int RunOutOfMemoryAtStep { get; set; }

    /// <summary>The images of each step so far, including the warm-up and failed steps; without those that paused.</summary>
    public IReadOnlyList<IReadOnlyList<ImageSpecification>> Steps => [.. _steps];

    public bool IsDisposed { get; private set; }

    public string? ThreadName { get; private set; }

    public int FreeRows => Interlocked.Exchange(ref _defect, null) is { } error ? throw error : FreeNow;

    public int ImageCount => _running.Count;

    /// <summary>The images that a step advances: those of the highest priority.</summary>
    private List<long> Stepping
    {
        get
        {
            var priority = _running.Count == 0 ? ImagePriority.Bulk : _running.Values.Min(running => running.Priority);
            return [.. _running.Where(running => running.Value.Priority == priority).Select(running => running.Key)];
        }
    }

    private int FreeNow => Rows - _running.Values.Sum(running => running.Image.Rows);

    public StepReport LastStep { get; private set; }

    /// <summary>Holds the next step at the returned gate. Repeated calls apply to successive steps.</summary>
    public Gate HoldNextStep()
    {
        var gate = new Gate();
        _beforeNext.Enqueue(gate.Pass);
        return gate;
    }

    /// <summary>Makes the next step fail. Repeated calls apply to successive steps.</summary>
    public void FailNextStep(Exception error) => _beforeNext.Enqueue(_ => throw error);

    /// <summary>Makes the next admission fail.</summary>
    public void FailNextAdmission(Exception error) => _admissionError = error;

    /// <summary>Throws from <see cref="FreeRows"/>, which ends the worker before its next step.</summary>
    public void CrashWorker(Exception error) => _defect = error;

    public int RowsBelow(ImagePriority priority) => _running.Values.Where(running => running.Priority > priority).Sum(running => running.Image.Rows);

    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive)
    {
        if (Interlocked.Exchange(ref _admissionError, null) is { } error)
        {
            throw error;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Rows, FreeNow, nameof(image));
        _running.Add(id, (image, previews, priority, 0));
    }

    public void Remove(long id) => _running.Remove(id);

    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        ThreadName = Thread.CurrentThread.Name;
        var stepping = Stepping;
        var rows = stepping.Sum(id => _running[id].Image.Rows);
        var drawn = stepping.Count(id => _running[id].Image.DrawsLayout);
        LastStep = new StepReport(rows * Window, DecodeTime) { Decode = new DecodeWork(drawn, drawn * Window, drawn, rows * (Window - 1)) };
        _steps.Enqueue([.. stepping.Select(id => _running[id].Image)]);
        if (_beforeNext.TryDequeue(out var before))
        {
            before(cancellation);
        }

        cancellation.ThrowIfCancellationRequested();
        if (_running.Count > MaxImages || (RunOutOfMemoryAtStep > 0 && --RunOutOfMemoryAtStep == 0))
        {
            throw new OutOfDeviceMemoryException($"The fake device holds {MaxImages} images, not {_running.Count}.");
        }

        foreach (var id in Stepping)
        {
            var running = _running[id] = _running[id] with { Steps = _running[id].Steps + 1 };
            Show(running.Previews, running.Steps);
        }

        var finished = _running.Where(running => running.Value.Steps >= StepsPerImage).ToList();
        finished.ForEach(running => _running.Remove(running.Key));
        return [.. finished.Select(running => ErrorOf(running.Value.Image) is { } error
            ? new GenerationOutcome(running.Key, Image: null, error) { OthersWorked = stepping.Count > 1 }
            : new GenerationOutcome(running.Key, Draw(running.Value.Image)))];
    }

    public void Dispose() => IsDisposed = true;

    /// <summary>Delivers the previews that are due at this step: plain pictures, each brighter than the previous one.</summary>
    private void Show(PreviewOptions? previews, int steps)
    {
        for (var index = 0; index < previews?.Count; index++)
        {
            var due = ((StepsPerImage * (index + 1)) + previews.Count - 1) / previews.Count;
            if (due == steps)
            {
                var pixels = new byte[Model.ImageWidth * Model.ImageHeight * 3];
                Array.Fill(pixels, (byte)(50 * (index + 1)));
                previews.Deliver(new ImagePreview(index, new RgbImage(Model.ImageWidth, Model.ImageHeight, pixels)));
            }
        }
    }

    /// <summary>Without a seam: the kept pixels are those of the picture, all others are drawn.</summary>
    private static void KeepPixels(LayoutSource.Edited edit, byte[] pixels)
    {
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = edit.Mask.Edited[i / 3] ? pixels[i] : edit.Picture.Pixels[i];
        }
    }

    private GeneratedImage Draw(ImageSpecification specification)
    {
        var pixels = new byte[Model.ImageWidth * Model.ImageHeight * 3];
        var start = specification.Seed + ((ulong)specification.ClassId << 32) + (ulong)specification.Coarse.GetHashCode();
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)ImageSeed.Derive(start, i + 1);
        }

        if (specification.Layout is LayoutSource.Edited edit)
        {
            KeepPixels(edit, pixels);
        }

        var labels = specification.Layout is LayoutSource.Given given
            ? given.CoarseLabels
            : [.. Enumerable.Range(0, Model.TokenCount).Select(cell => (int)(ImageSeed.Derive(start, cell) % (ulong)Model.ClusterCount))];
        var kept = (specification.Layout as LayoutSource.Given)?.KeptTokens;
        int[] tokens = [.. labels.Select((label, cell) => kept?[cell] is >= 0 and var token ? token : label + Model.ClusterCount)];
        var timings = new StageTimings(TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(1));
        return new GeneratedImage(specification, new RgbImage(Model.ImageWidth, Model.ImageHeight, pixels), labels, tokens, timings)
        {
            DecodeSteps = specification.DrawsLayout ? StepsPerImage : 0,
        };
    }
}
