using System.Diagnostics;
using CtfService.Model.Engines;

namespace CtfService.Model.Cpu;

/// <summary>
/// Measures the decode steps of an engine when its model is loaded: with how many threads a step with so many rows is fastest, and how long it takes. Neither
/// changes a result, so measurements on a busy machine cost time only.
/// </summary>
internal static class StepMeasurement
{
    /// <summary>Times a number of threads is measured. The best of them counts, which other programs disturb least.</summary>
    private const int Runs = 4;

    /// <summary>A step that takes longer is not measured with fewer threads, which would not be faster.</summary>
    private static readonly TimeSpan LongStep = TimeSpan.FromMilliseconds(5);

    /// <summary>How many times shorter a step with fewer threads must be, so that errors of the measurement do not slow steps down.</summary>
    private const double Advantage = 1.1;

    /// <summary>Measures steps of 1, 2, 4, ... rows up to the capacity, sets the engine's threads, and returns the times in seconds.</summary>
    /// <param name="threads">The threads of the engine's pool.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two steps.</exception>
    public static StepCosts Measure(SimdDecodeEngine engine, int threads, CancellationToken cancellation)
    {
        List<(int Rows, int Threads, TimeSpan Time)> best = [];
        foreach (var rows in RowCounts(engine.Capacity))
        {
            best.Add(Fastest(engine, rows, threads, cancellation));
        }

        engine.Threads = new StepThreads([.. best.Select(step => (step.Rows, step.Threads))]);
        return new StepCosts([.. best.Select(step => (step.Rows, step.Time.TotalSeconds))]);
    }

    private static IEnumerable<int> RowCounts(int capacity)
    {
        for (var rows = 1; rows < capacity; rows *= 2)
        {
            yield return rows;
        }

        yield return capacity;
    }

    /// <summary>Halves the number of threads for as long as the step gets faster.</summary>
    private static (int Rows, int Threads, TimeSpan Time) Fastest(SimdDecodeEngine engine, int rows, int threads, CancellationToken cancellation)
    {
        var best = (rows, threads, Time: TimeOf(engine, rows, threads, cancellation));
        for (var fewer = threads / 2; fewer > 0 && best.Time < LongStep; fewer /= 2)
        {
            var time = TimeOf(engine, rows, fewer, cancellation);
            if (time * Advantage > best.Time)
            {
                break;
            }

            best = (rows, fewer, time);
        }

        return best;
    }

    /// <summary>Returns the time of a step of so many sequences, at the positions 0, 1, ... of one run after the other.</summary>
    private static TimeSpan TimeOf(SimdDecodeEngine engine, int rows, int threads, CancellationToken cancellation)
    {
        var best = TimeSpan.MaxValue;
        var steps = new DecodeRow[rows];
        var logits = new float[rows * engine.Config.OutputVocabulary];
        engine.Threads = StepThreads.Always(threads);
        for (var position = 0; position < Math.Min(Runs, engine.Config.Positions); position++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var slot = 0; slot < rows; slot++)
            {
                steps[slot] = new DecodeRow(slot, position, Input: 0);
            }

            var started = Stopwatch.GetTimestamp();
            engine.DecodeStep(steps, logits);
            var elapsed = Stopwatch.GetElapsedTime(started);
            best = elapsed < best ? elapsed : best;
        }

        return best;
    }
}
