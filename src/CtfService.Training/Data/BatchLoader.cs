using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace CtfService.Training.Data;

/// <summary>
/// Prepares batches on a background thread while the trainer works on earlier ones. <see cref="Next"/> creates the tensors on the trainer's thread and may be
/// called by one thread only.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    private const int Depth = 4;

    private readonly BlockingCollection<PreparedBatch> _ready = new(Depth);
    private readonly CancellationTokenSource _stop;
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    /// <param name="firstStep">Step of the first batch; the others follow in order, without end.</param>
    /// <param name="cancellation">Cancels a waiting <see cref="Next"/>.</param>
    public BatchLoader(ImageDataset dataset, BatchSampler sampler, long firstStep = 0, CancellationToken cancellation = default)
        : this(step => PreparedBatch.Of(dataset, sampler.Sample(step)), firstStep, cancellation)
    {
    }

    internal BatchLoader(Func<long, PreparedBatch> prepare, long firstStep, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _thread = new Thread(() => Prepare(prepare, firstStep)) { Name = "batch loader", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Returns the batch of the next step; waits until it is prepared. The caller owns it.</summary>
    /// <exception cref="OperationCanceledException">The loader was cancelled or disposed while waiting.</exception>
    public ImageBatch Next()
    {
        try
        {
            return _ready.Take(_stop.Token).ToTensors();
        }
        catch (InvalidOperationException) when (_failure is not null)
        {
            _failure.Throw();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_stop.IsCancellationRequested)
        {
            _stop.Cancel();
        }

        _thread.Join();
        _stop.Dispose();
        _ready.Dispose();
    }

    private void Prepare(Func<long, PreparedBatch> prepare, long step)
    {
        try
        {
            for (; ; step++)
            {
                _ready.Add(prepare(step), _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The trainer needs no more batches.
        }
        catch (Exception exception) // any exception must reach the trainer instead of ending the process
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
            _ready.CompleteAdding();
        }
    }
}
