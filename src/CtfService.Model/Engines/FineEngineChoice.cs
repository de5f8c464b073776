using System.Diagnostics;

namespace CtfService.Model.Engines;

/// <summary>
/// Chooses between two fine engines by measuring both, once, when a model is loaded. Processors with a bfloat16 product of their own run the large products of
/// a large model twice as fast in libtorch; our own engine wins everywhere else.
/// </summary>
internal static class FineEngineChoice
{
    /// <summary>
    /// How much faster the other engine must be. They round differently, so a model must not go from one to the other for a disturbance of the measurement: where
    /// libtorch can win it wins by more, where it cannot it loses by more.
    /// </summary>
    private const double Advantage = 1.3;

    private const int Runs = 3;

    /// <summary>Returns the one to use and disposes the other.</summary>
    public static IFineEngine Choose(IFineEngine own, IFineEngine other) => Choose(own, other, TimeOfOneImage);

    internal static IFineEngine Choose(IFineEngine own, IFineEngine other, Func<IFineEngine, TimeSpan> measure)
    {
        var (chosen, rejected) = measure(own) > measure(other) * Advantage ? (other, own) : (own, other);
        rejected.Dispose();
        return chosen;
    }

    /// <summary>The best of some runs: what a quiet machine takes.</summary>
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
            best = run > 0 && elapsed < best ? elapsed : best; // the first one warms up
        }

        return best;
    }
}
