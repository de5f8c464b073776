using System.Collections.Concurrent;
using CtfService.Core.Generation;
using CtfService.Core.Imaging;
using CtfService.Core.Models;

namespace CtfService.TestSupport;

/// <summary>
/// A generator without a model: pixels follow from class, seed and settings alone. Tests hold a step at a gate, make one fail, or give the device too little
/// memory. What only the worker may call is called on its thread; everything else from any thread.
/// </summary>
public sealed class FakeImageGenerator(ModelDescription model) : IImageGenerator
{
    private readonly ConcurrentQueue<Action<CancellationToken>> _beforeNext = new();
    private readonly ConcurrentQueue<IReadOnlyList<ImageSpecification>> _steps = new();
    private readonly SortedDictionary<long, (ImageSpecification Image, int Steps)> _running = [];

    public ModelDescription Model { get; } = model;

    /// <summary>Rows of a step.</summary>
    public int Rows { get; set; } = 16;

    /// <summary>Steps from admission to the finished image.</summary>
    public int StepsPerImage { get; set; } = 1;

    /// <summary>Steps of more images run out of memory.</summary>
    public int MaxImages { get; set; } = int.MaxValue;

    /// <summary>Images of each step so far, the warm-up's first, failed ones too.</summary>
    public IReadOnlyList<IReadOnlyList<ImageSpecification>> Steps => [.. _steps];

    public bool IsDisposed { get; private set; }

    public string? ThreadName { get; private set; }

    public int FreeRows => Rows - _running.Values.Sum(running => running.Image.Rows);

    public int ImageCount => _running.Count;

    /// <summary>The next step nobody has claimed yet stops at this gate.</summary>
    public Gate HoldNextStep()
    {
        var gate = new Gate();
        _beforeNext.Enqueue(gate.Pass);
        return gate;
    }

    /// <summary>The next step nobody has claimed yet fails.</summary>
    public void FailNextStep(Exception error) => _beforeNext.Enqueue(_ => throw error);

    public void Admit(long id, ImageSpecification image)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Rows, FreeRows, nameof(image));
        _running.Add(id, (image, 0));
    }

    public void Remove(long id) => _running.Remove(id);

    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        ThreadName = Thread.CurrentThread.Name;
        _steps.Enqueue([.. _running.Values.Select(running => running.Image)]);
        if (_beforeNext.TryDequeue(out var before))
        {
            before(cancellation);
        }

        cancellation.ThrowIfCancellationRequested();
        if (_running.Count > MaxImages)
        {
            throw new OutOfDeviceMemoryException($"The fake device holds {MaxImages} images, not {_running.Count}.");
        }

        foreach (var id in _running.Keys.ToList())
        {
            _running[id] = _running[id] with { Steps = _running[id].Steps + 1 };
        }

        var finished = _running.Where(running => running.Value.Steps >= StepsPerImage).ToList();
        finished.ForEach(running => _running.Remove(running.Key));
        return [.. finished.Select(running => new GenerationOutcome(running.Key, Draw(running.Value.Image)))];
    }

    public void Dispose() => IsDisposed = true;

    private GeneratedImage Draw(ImageSpecification specification)
    {
        var pixels = new byte[Model.ImageWidth * Model.ImageHeight * 3];
        var start = specification.Seed + ((ulong)specification.ClassId << 32) + (ulong)specification.Coarse.GetHashCode();
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)ImageSeed.Derive(start, i + 1);
        }

        var labels = new int[Model.TokenCount];
        var timings = new StageTimings(TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(1));
        return new GeneratedImage(specification, new RgbImage(Model.ImageWidth, Model.ImageHeight, pixels), labels, labels, timings);
    }
}
