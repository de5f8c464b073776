using System.Collections.Concurrent;
using CtfService.Core.Generation;
using CtfService.Core.Imaging;
using CtfService.Core.Models;

namespace CtfService.TestSupport;

/// <summary>
/// A generator without a model: pixels follow from class, seed and settings alone. Tests hold a batch at a gate, make one fail, or
/// give the device too little memory. Everything but <see cref="Generate"/> may be called from any thread.
/// </summary>
public sealed class FakeImageGenerator(ModelDescription model) : IImageGenerator
{
    private readonly ConcurrentQueue<Action<CancellationToken>> _beforeNext = new();
    private readonly ConcurrentQueue<IReadOnlyList<ImageSpecification>> _batches = new();

    public ModelDescription Model { get; } = model;

    /// <summary>Larger batches run out of memory.</summary>
    public int MaxImages { get; set; } = int.MaxValue;

    /// <summary>Batches asked for so far, the warm-up first, failed ones too.</summary>
    public IReadOnlyList<IReadOnlyList<ImageSpecification>> Batches => [.. _batches];

    public bool IsDisposed { get; private set; }

    public string? ThreadName { get; private set; }

    /// <summary>The next batch nobody has claimed yet stops at this gate.</summary>
    public BatchGate HoldNextBatch()
    {
        var gate = new BatchGate();
        _beforeNext.Enqueue(gate.Pass);
        return gate;
    }

    /// <summary>The next batch nobody has claimed yet fails.</summary>
    public void FailNextBatch(Exception error) => _beforeNext.Enqueue(_ => throw error);

    public IReadOnlyList<GeneratedImage> Generate(IReadOnlyList<ImageSpecification> batch, CancellationToken cancellation)
    {
        ThreadName = Thread.CurrentThread.Name;
        _batches.Enqueue(batch);
        if (_beforeNext.TryDequeue(out var before))
        {
            before(cancellation);
        }

        cancellation.ThrowIfCancellationRequested();
        if (batch.Count > MaxImages)
        {
            throw new OutOfDeviceMemoryException($"The fake device holds {MaxImages} images, not {batch.Count}.");
        }

        return [.. batch.Select(Draw)];
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
