using System.Diagnostics;
using CtfService.EngineBenchmarks;
using CtfService.Training.Progress;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Compares the memory during a long training: the most in the first part with the most in the reports since.</summary>
/// <param name="early">Length of the first part.</param>
internal sealed class SoakProgress(MemoryWatch memory, TimeSpan early) : ITrainingProgress
{
    private readonly Stopwatch _time = Stopwatch.StartNew();

    /// <summary>Finished steps.</summary>
    public long Steps { get; private set; }

    /// <summary>Most bytes in the first part.</summary>
    public long Early { get; private set; }

    /// <summary>Bytes at the last report.</summary>
    public long Last { get; private set; }

    public void Report(TrainingReport report)
    {
        Steps = report.Step;
        Last = memory.Now;
        if (_time.Elapsed < early || Early == 0)
        {
            Early = Math.Max(Early, Last);
        }
    }
}
