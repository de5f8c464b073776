using System.Diagnostics;

namespace CtfService.Model.Engines;

/// <summary>
/// Chooses between two fine engines by timing both once, when a model is loaded. Processors with bfloat16 matrix instructions run the products of a large model
/// twice as fast in libtorch; our own engine is faster everywhere else.
/// </summary>
internal static class FineEngineChoice
{
    /// <summary>
    /// How many times faster the other engine must be. The engines round differently, so noise in the measurement must not change the choice. The real
    /// difference is larger than this in both directions.
    /// </summary>
    private const double Advantage = 1.3;

    private const int Runs = 3;

    /// <summary>Returns the engine to use and disposes the other.</summary>
    public static IFineEngine Choose(IFineEngine own, IFineEngine other) => Choose(own, other, TimeOfOneImage);

    internal static IFineEngine Choose(IFineEngine own, IFineEngine other, Func<IFineEngine, TimeSpan> measure)
    {
        var (chosen, rejected) = measure(own) > measure(other) * Advantage ? (other, own) : (own, other);
        rejected.Dispose();
        return chosen;
    }

    /// <summary>Returns the best of several runs, which other programs disturb least.</summary>
    private static TimeSpan TimeOfOneImage(IFineEngine engine)
    {
        var config = engine.Config;
        var labels = Enumerable.Range(0, config.Positions).Select(cell => cell % config.InputVocabulary).ToArray();
        var hidden = new float[labels.Length * config.Width];
        var logits = new float[labels.Length * engine.LargestCluster];
        var best = TimeSpan.MaxValue;
        for (var run = 0; run <= Runs; run++)
        {
            var started = Stopwatch.GetTimestamp();
            engine.Run([0], labels, hidden);
            engine.ScoreMembers(hidden, labels, logits);
            var elapsed = Stopwatch.GetElapsedTime(started);
            best = run > 0 && elapsed < best ? elapsed : best; // run 0 warms up
        }

        return best;
    }
}
