using System.Diagnostics;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;

namespace CtfService.EngineBenchmarks;

/// <summary>
/// Times the decode steps of one engine. The positions of a run are spread evenly along the sequence, so that attention has its average cost. The machine's
/// limits are measured before and after every run.
/// </summary>
internal sealed class DecodeMeter(IDecodeEngine engine, MachineLimitMeter machine)
{
    private readonly Random _random = new(17);
    private readonly float[] _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    private readonly DecodeRow[] _rows = new DecodeRow[engine.Capacity];

    /// <param name="batch">Rows, at most the engine's capacity.</param>
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
            Step(batch, position);
        }
    }

    private TimeSpan Run(int batch, int steps, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        for (var step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Step(batch, 1 + (int)((step + 0.5) * (engine.Config.Positions - 1) / steps));
        }

        return Stopwatch.GetElapsedTime(start);
    }

    private void Step(int batch, int position)
    {
        for (var row = 0; row < batch; row++)
        {
            _rows[row] = new DecodeRow(row, position, _random.Next(position == 0 ? engine.Config.ClassCount : engine.Config.InputVocabulary));
        }

        engine.DecodeStep(_rows.AsSpan(0, batch), _logits.AsSpan(0, batch * engine.Config.OutputVocabulary));
    }
}

/// <summary>One run.</summary>
/// <param name="Step">Mean time of a step.</param>
/// <param name="Limits">The better of the limits measured just before and just after the run.</param>
internal sealed record DecodeRun(TimeSpan Step, MachineLimits Limits);

/// <summary>All runs of one engine at one batch size.</summary>
/// <param name="Parts">Time of each part, all steps together; empty if the engine has no profiler.</param>
internal sealed record DecodeTiming(int Batch, IReadOnlyList<DecodeRun> Runs, IReadOnlyDictionary<StepPart, TimeSpan> Parts);
