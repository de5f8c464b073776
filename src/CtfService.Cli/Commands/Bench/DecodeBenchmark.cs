using System.Diagnostics;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Passes;
using CtfService.Model.Transformer;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// Times decode steps of one engine at one batch size: several runs over positions spread evenly along the sequence, so that attention costs what it costs
/// on average. The machine's limits are measured beside every run.
/// </summary>
internal sealed class DecodeBenchmark(IDecodeEngine engine, MachineLimitMeter meter)
{
    public const int Runs = 5;

    private readonly Random _random = new(17);
    private readonly float[] _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    private readonly DecodeRow[] _rows = new DecodeRow[engine.Capacity];

    /// <param name="batch">Rows, at most the engine's capacity.</param>
    /// <param name="steps">Steps of one run.</param>
    /// <param name="clock">Cleared before and read after; null where the engine has none.</param>
    public DecodeTiming Measure(int batch, int steps, StepClock? clock, CancellationToken cancellation)
    {
        FillCache(batch, cancellation);
        clock?.Clear();
        var limits = meter.Measure();
        var runs = new List<DecodeRun>();
        for (var run = 0; run < Runs; run++)
        {
            var elapsed = Run(batch, steps, cancellation);
            var after = meter.Measure();
            runs.Add(new DecodeRun(elapsed / steps, MachineLimits.Best(limits, after)));
            limits = after;
        }

        var parts = clock is null ? [] : Enum.GetValues<StepPart>().ToDictionary(part => part, part => clock[part]);
        return new DecodeTiming(batch, runs, parts);
    }

    /// <summary>Decodes one whole sequence in each slot; also warms up what is compiled late.</summary>
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
/// <param name="Limits">The better of those measured just before and just after.</param>
internal sealed record DecodeRun(TimeSpan Step, MachineLimits Limits);

/// <summary>All runs of one engine at one batch size.</summary>
/// <param name="Parts">Where the time of all steps went; empty where the engine does not say.</param>
internal sealed record DecodeTiming(int Batch, IReadOnlyList<DecodeRun> Runs, IReadOnlyDictionary<StepPart, TimeSpan> Parts);
