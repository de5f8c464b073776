namespace CtfService.EngineBenchmarks;

/// <summary>Result of <see cref="DecodeBenchmark"/>.</summary>
/// <param name="Model">Preset or bundle.</param>
/// <param name="Parameters">Weights that a step multiplies with.</param>
public sealed record DecodeReport(string Model, int Vocabulary, int Threads, int VectorBits, long Parameters, IReadOnlyList<DecodeLine> Lines);

/// <summary>
/// One engine at one batch size. Figures are medians over the runs; a ratio is computed for each run first. Bytes and operations are those that the engine
/// performs: a step of libtorch reads the cache at its full length behind a mask, one of the SIMD engine only the positions so far.
/// </summary>
/// <param name="TokensPerSecond">Of all sequences, with the labels of their windows that are accepted.</param>
/// <param name="BestTokensPerSecond">Figure of the fastest run: an estimate for an otherwise idle machine.</param>
/// <param name="TimesTorch">Tokens per second relative to libtorch with float32 in the same report; null if libtorch was not measured.</param>
/// <param name="Parts">Each part of a step by name, and its share of the time; empty if the engine does not measure its parts.</param>
public sealed record DecodeLine(
    string Backend,
    string Dtype,
    int Batch,
    double TokensPerSecond,
    double BestTokensPerSecond,
    double MillisecondsPerStep,
    double GigabytesPerSecond,
    double ReadLimitGigabytesPerSecond,
    double OfReadLimit,
    double GigaflopsPerSecond,
    double MultiplyLimitGigaflopsPerSecond,
    double OfMultiplyLimit,
    double? TimesTorch,
    IReadOnlyDictionary<string, double> Parts)
{
    /// <summary>Positions of each sequence in a step.</summary>
    public int Window { get; init; } = 1;

    /// <summary>Labels of such a window that the shipped model accepts in a step, on average.</summary>
    public double LabelsPerStep { get; init; } = 1;

    /// <summary>Steps of a whole sequence with so many labels in each.</summary>
    public double StepsPerImage { get; init; }

    /// <param name="stepBytes">Bytes of weights and cache that a step reads, masked positions included.</param>
    /// <param name="operations">Floating-point operations of a step, those on masked positions included.</param>
    internal static DecodeLine Of(string backend, string dtype, DecodeTiming timing, double stepBytes, double operations)
    {
        var total = timing.Parts.Values.Sum(part => part.TotalSeconds);
        return new DecodeLine(
            backend,
            dtype,
            timing.Batch,
            Median(run => timing.Batch / run.Step.TotalSeconds),
            timing.Runs.Max(run => timing.Batch / run.Step.TotalSeconds),
            Median(run => run.Step.TotalMilliseconds),
            Median(run => stepBytes / run.Step.TotalSeconds / 1e9),
            Median(run => run.Limits.ReadBytesPerSecond / 1e9),
            Median(run => stepBytes / run.Step.TotalSeconds / run.Limits.ReadBytesPerSecond),
            Median(run => operations / run.Step.TotalSeconds / 1e9),
            Median(run => run.Limits.FloatOperationsPerSecond / 1e9),
            Median(run => operations / run.Step.TotalSeconds / run.Limits.FloatOperationsPerSecond),
            null,
            timing.Parts.ToDictionary(part => part.Key.ToString(), part => part.Value.TotalSeconds / total));

        double Median(Func<DecodeRun, double> figure) => Medians.Of(timing.Runs, figure);
    }
}
