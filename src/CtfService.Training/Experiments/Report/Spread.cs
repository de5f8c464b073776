using System.Globalization;

namespace CtfService.Training.Experiments.Report;

/// <summary>The values of a figure over several seeds.</summary>
/// <param name="Values">One value for each seed, at least one, in the order of the seeds.</param>
internal sealed record Spread(IReadOnlyList<double> Values)
{
    public double Mean { get; } = Values.Average();

    public double Min => Values.Min();

    public double Max => Values.Max();

    /// <summary>Sample standard deviation over the seeds; null for a single seed.</summary>
    public double? Deviation => Values.Count == 1 ? null : Math.Sqrt(Values.Sum(value => (value - Mean) * (value - Mean)) / (Values.Count - 1));

    /// <summary>Creates a spread.</summary>
    /// <returns>Null if there are no values.</returns>
    public static Spread? Of(IEnumerable<double> values) => values.ToList() is { Count: > 0 } all ? new Spread(all) : null;

    /// <summary>Interpolates linearly between the values of each seed; returns null if the numbers of values differ.</summary>
    /// <param name="share">0 returns these values, 1 those of <paramref name="there"/>.</param>
    public Spread? Towards(Spread there, double share) =>
        Values.Count == there.Values.Count ? new Spread([.. Values.Zip(there.Values, (first, second) => first + (share * (second - first)))]) : null;

    /// <summary>Formats the mean, with the standard deviation if there is one.</summary>
    public override string ToString() => Deviation is { } deviation ? $"{Number(Mean)} ± {Number(deviation)}" : Number(Mean);

    /// <summary>Formats a figure with about three significant digits.</summary>
    /// <returns>A dash if the figure is null.</returns>
    public static string Number(double? figure) => figure is not { } value ? "–" : value.ToString(
        Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", >= 1 => "0.00", _ => "0.000" }, CultureInfo.InvariantCulture);
}
