namespace CtfService.Trials.Images;

/// <summary>Times of requests, seconds.</summary>
internal sealed class Latencies(IEnumerable<double> seconds)
{
    private readonly double[] _sorted = [.. seconds.Order()];

    /// <summary>All times in ascending order.</summary>
    public IReadOnlyList<double> Seconds => _sorted;

    public int Count => _sorted.Length;

    public double P50 => Quantile(0.5);

    public double P95 => Quantile(0.95);

    public double P99 => Quantile(0.99);

    public override string ToString() => $"p50 {P50 * 1_000:0.00} ms, p95 {P95 * 1_000:0.00} ms, p99 {P99 * 1_000:0.00} ms of {Count}";

    /// <summary>Returns the smallest time that a share of all requests did not exceed; NaN without requests.</summary>
    private double Quantile(double share) => Count == 0 ? double.NaN : _sorted[Math.Max(0, (int)Math.Ceiling(share * Count) - 1)];
}
