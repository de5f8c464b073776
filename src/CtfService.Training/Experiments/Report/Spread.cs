using System.Globalization;

namespace CtfService.Training.Experiments.Report;

/// <summary>A figure over several seeds.</summary>
/// <param name="Deviation">Standard deviation over the seeds (n - 1); null for one.</param>
internal sealed record Spread(double Mean, double? Deviation, double Least, double Most, int Count)
{
    public static Spread? Of(IEnumerable<double> values)
    {
        var all = values.ToList();
        if (all.Count == 0)
        {
            return null;
        }

        var mean = all.Average();
        double? deviation = all.Count == 1 ? null : Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Count - 1));
        return new Spread(mean, deviation, all.Min(), all.Max(), all.Count);
    }

    /// <summary>Mean, and plus or minus the deviation where there is one.</summary>
    public override string ToString() => Deviation is { } deviation ? $"{Number(Mean)} ± {Number(deviation)}" : Number(Mean);

    /// <summary>Three or four digits that matter.</summary>
    public static string Number(double value) => value.ToString(
        Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.0", >= 1 => "0.00", _ => "0.000" }, CultureInfo.InvariantCulture);
}
