using System.Globalization;

namespace CtfService.Training.Experiments.Report;

/// <summary>A figure over several seeds.</summary>
/// <param name="Values">One for each seed, at least one, in the order of the seeds.</param>
internal sealed record Spread(IReadOnlyList<double> Values)
{
    public double Mean { get; } = Values.Average();

    public double Least => Values.Min();

    public double Most => Values.Max();

    /// <summary>Standard deviation over the seeds (n - 1); null for one.</summary>
    public double? Deviation => Values.Count == 1 ? null : Math.Sqrt(Values.Sum(value => (value - Mean) * (value - Mean)) / (Values.Count - 1));

    /// <returns>Null where there are no values.</returns>
    public static Spread? Of(IEnumerable<double> values) => values.ToList() is { Count: > 0 } all ? new Spread(all) : null;

    /// <summary>Each seed's place on the line from its figure here to its figure there; null where there are not as many of both.</summary>
    /// <param name="share">0 is here, 1 there.</param>
    public Spread? Towards(Spread there, double share) =>
        Values.Count == there.Values.Count ? new Spread([.. Values.Zip(there.Values, (first, second) => first + (share * (second - first)))]) : null;

    /// <summary>Mean, and plus or minus the deviation where there is one.</summary>
    public override string ToString() => Deviation is { } deviation ? $"{Number(Mean)} ± {Number(deviation)}" : Number(Mean);

    /// <summary>Three or four digits that matter.</summary>
    /// <returns>A dash if there is no such figure.</returns>
    public static string Number(double? figure) => figure is not { } value ? "–" : value.ToString(
        Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", >= 1 => "0.00", _ => "0.000" }, CultureInfo.InvariantCulture);
}
