using System.Diagnostics;
using CtfService.Model.Engines;

namespace CtfService.Model.Cpu;

/// <summary>
/// Measures the decode steps of an engine when its model is loaded: with how many threads a step with so many rows is fastest, and how long it takes. Neither
/// changes a result, so measurements on a busy machine cost time only.
/// </summary>
internal static class StepMeasurement
{
    /// <summary>
    /// Rounds in which the numbers of threads take turns. The best of each counts, which other programs, and threads that have just started, disturb least.
    /// </summary>
    private const int Rounds = 6;

    /// <summary>Rounds of long steps.</summary>
    private const int LeastRounds = 2;

    /// <summary>Enough time for the rounds of one number of rows.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMilliseconds(40);

    /// <summary>A step that takes longer is not measured with fewer threads, which would not be faster.</summary>
    private static readonly TimeSpan LongStep = TimeSpan.FromMilliseconds(5);

    /// <summary>How many times shorter a step with fewer threads must be, so that errors of the measurement do not slow steps down.</summary>
    private const double Advantage = 1.1;

    /// <summary>Measures steps of 1, 2, 4, ... rows up to the capacity, sets the engine's threads, and returns the times in seconds.</summary>
    /// <param name="threads">The threads of the engine's pool.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two steps.</exception>
    public static StepCosts Measure(SimdDecodeEngine engine, int threads, CancellationToken cancellation)
    {
        List<(int Rows, int Threads, double Seconds)> best = [];
        foreach (var rows in RowCounts(engine.Capacity))
        {
            best.Add(Fastest(engine, rows, threads, cancellation));
        }

        engine.Threads = new StepThreads([.. best.Select(step => (step.Rows, step.Threads))]);
        return new StepCosts([.. best.Select(step => (step.Rows, step.Seconds))]);
    }

    private static IEnumerable<int> RowCounts(int capacity)
    {
        for (var rows = 1; rows < capacity; rows *= 2)
        {
            yield return rows;
        }

        yield return capacity;
    }

    /// <summary>Returns the fastest number of threads for so many sequences, and its seconds.</summary>
    private static (int Rows, int Threads, double Seconds) Fastest(SimdDecodeEngine engine, int rows, int threads, CancellationToken cancellation)
    {
        var steps = new DecodeRow[rows];
        var logits = new float[rows * engine.Config.OutputVocabulary];
        var best = ThreadCounts(threads).Select(count => (Threads: count, Seconds: double.PositiveInfinity)).ToArray();
        var started = 0L;
        for (var round = 0; round <= LeastRounds || (round <= Rounds && Stopwatch.GetElapsedTime(started) < Enough); round++)
        {
            if (round == 1) // the first round compiles, and wakes the threads
            {
                started = Stopwatch.GetTimestamp();
                best = [.. best.Select(choice => choice with { Seconds = double.PositiveInfinity })];
            }

            for (var slot = 0; slot < rows; slot++)
            {
                steps[slot] = new DecodeRow(slot, Math.Min(round, engine.Config.Positions - 1), Input: 0);
            }

            for (var choice = 0; choice < best.Length && (choice == 0 || best[0].Seconds < LongStep.TotalSeconds); choice++)
            {
                cancellation.ThrowIfCancellationRequested();
                engine.Threads = StepThreads.Always(best[choice].Threads);
                var before = Stopwatch.GetTimestamp();
                engine.DecodeStep(steps, logits);
                best[choice].Seconds = Math.Min(best[choice].Seconds, Stopwatch.GetElapsedTime(before).TotalSeconds);
            }
        }

        var chosen = best.Aggregate((most, fewer) => fewer.Seconds * Advantage < most.Seconds ? fewer : most);
        return (rows, chosen.Threads, chosen.Seconds);
    }

    /// <summary>All threads, half of them, ..., one.</summary>
    private static IEnumerable<int> ThreadCounts(int threads)
    {
        for (; threads > 0; threads /= 2)
        {
            yield return threads;
        }
    }
}
