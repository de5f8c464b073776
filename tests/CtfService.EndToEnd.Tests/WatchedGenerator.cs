using CtfService.Core.Generation;
using CtfService.Core.Models;
using TorchSharp;

namespace CtfService.EndToEnd.Tests;

/// <summary>Forwards every call to a real generator and reports its state to any thread.</summary>
public sealed class WatchedGenerator(IImageGenerator inner) : IImageGenerator
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly TaskCompletionSource<long> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _seen = new();
    private long _steps;
    private long _liveTensors;
    private int _images;
    private int _freeRows = inner.FreeRows;

    /// <summary>Completes when the generator has been disposed, with the number of tensors of its thread that are still alive.</summary>
    public Task<long> Ended => _ended.Task;

    public ModelDescription Model => inner.Model;

    public int FreeRows => inner.FreeRows;

    public int ImageCount => inner.ImageCount;

    public StepReport LastStep => inner.LastStep;

    /// <summary>A snapshot: steps so far, admitted images, free rows, and live tensors of the generator's thread.</summary>
    public (long Steps, int Images, int FreeRows, long LiveTensors) Now
    {
        get
        {
            lock (_seen)
            {
                return (_steps, _images, _freeRows, _liveTensors);
            }
        }
    }

    public int RowsBelow(ImagePriority priority) => inner.RowsBelow(priority);

    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive)
    {
        inner.Admit(id, image, previews, priority);
        Note(steps: 0);
    }

    public void Remove(long id)
    {
        inner.Remove(id);
        Note(steps: 0);
    }

    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        var outcomes = inner.Advance(cancellation);
        Note(steps: 1);
        return outcomes;
    }

    public void Dispose()
    {
        inner.Dispose();
        _ended.SetResult(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>Returns the first snapshot for which the condition holds.</summary>
    public Task<(long Steps, int Images, int FreeRows, long LiveTensors)> When(
        Func<(long Steps, int Images, int FreeRows, long LiveTensors), bool> condition) => Task.Run(() =>
    {
        lock (_seen)
        {
            while (!condition(Now))
            {
                Assert.True(Monitor.Wait(_seen, Timeout), "The generator made no progress for two minutes.");
            }

            return Now;
        }
    });

    private void Note(int steps)
    {
        lock (_seen)
        {
            _steps += steps;
            (_images, _freeRows, _liveTensors) = (inner.ImageCount, inner.FreeRows, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            Monitor.PulseAll(_seen);
        }
    }
}
