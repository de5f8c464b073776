using System.Diagnostics;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;

namespace CtfService.EngineBenchmarks;

/// <summary>
/// Times the decode steps of one engine, at positions that are spread evenly along the sequence (<see cref="StepPositions"/>). The machine's limits are
/// measured before and after every run.
/// </summary>
/// <param name="window">Positions of each sequence in a step.</param>
internal sealed class DecodeMeter(IDecodeEngine engine, MachineLimitMeter machine, int window)
{
    private readonly Random _random = new(17);
    private readonly float[] _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    private readonly DecodeRow[] _rows = new DecodeRow[engine.Capacity];

    /// <param name="batch">Sequences; their windows have at most as many rows as the engine.</param>
    /// <param name="steps">Steps of one run.</param>
    /// <param name="profiler">The engine's profiler, cleared before and read after the runs; null if the engine has none.</param>
    public DecodeTiming Measure(int batch, int steps, StepProfiler? profiler, CancellationToken cancellation)
    {
        FillCache(batch, cancellation);
        profiler?.Clear();
        var limits = machine.Measure();
        var runs = new List<DecodeRun>();
        for (var run = 0; run < DecodeBenchmark.Runs; run++)
        {
            var elapsed = Run(batch, steps, cancellation);
            var after = machine.Measure();
            runs.Add(new DecodeRun(elapsed / steps, MachineLimits.Best(limits, after)));
            limits = after;
        }

        var parts = profiler is null ? [] : Enum.GetValues<StepPart>().ToDictionary(part => part, part => profiler[part]);
        return new DecodeTiming(batch, runs, parts);
    }

    /// <summary>Decodes one whole sequence in each slot, which also lets the JIT compile everything.</summary>
    private void FillCache(int batch, CancellationToken cancellation)
    {
        for (var position = 0; position < engine.Config.Positions; position++)
        {
            cancellation.ThrowIfCancellationRequested();
            Step(batch, size: 1, _ => position);
        }
    }

    private TimeSpan Run(int batch, int steps, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        for (var step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Step(batch, window, sequence => StepPositions.Of(sequence, batch, step, steps, engine.Config.Positions - window + 1));
        }

        return Stopwatch.GetElapsedTime(start);
    }

    private void Step(int batch, int size, Func<int, int> firstOf)
    {
        for (var row = 0; row < batch * size; row++)
        {
            var (sequence, place) = Math.DivRem(row, size);
            var position = firstOf(sequence) + place;
            _rows[row] = new DecodeRow(sequence, position, _random.Next(position == 0 ? engine.Config.ClassCount : engine.Config.InputVocabulary));
        }

        engine.DecodeStep(_rows.AsSpan(0, batch * size), _logits.AsSpan(0, batch * size * engine.Config.OutputVocabulary));
    }
}

/// <summary>One run.</summary>
/// <param name="Step">Mean time of a step.</param>
/// <param name="Limits">The better of the limits measured just before and just after the run.</param>
internal sealed record DecodeRun(TimeSpan Step, MachineLimits Limits);

/// <summary>All runs of one engine at one batch size.</summary>
/// <param name="Parts">Time of each part, all steps together; empty if the engine has no profiler.</param>
internal sealed record DecodeTiming(int Batch, IReadOnlyList<DecodeRun> Runs, IReadOnlyDictionary<StepPart, TimeSpan> Parts);
