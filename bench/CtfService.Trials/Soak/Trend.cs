namespace CtfService.Trials.Soak;

/// <summary>A straight line through measurements over time, by least squares.</summary>
/// <param name="Level">The mean.</param>
/// <param name="Slope">Change in an hour.</param>
/// <param name="Error">Standard error of the slope.</param>
internal sealed record Trend(double Level, double Slope, double Error)
{
    /// <summary>Returns the line.</summary>
    /// <param name="points">At least three, at different times: hours and values.</param>
    public static Trend Of(IReadOnlyList<(double Hours, double Value)> points)
    {
        var (meanTime, mean) = (points.Average(point => point.Hours), points.Average(point => point.Value));
        var spread = points.Sum(point => Math.Pow(point.Hours - meanTime, 2));
        var slope = points.Sum(point => (point.Hours - meanTime) * (point.Value - mean)) / spread;
        var residuals = points.Sum(point => Math.Pow(point.Value - mean - (slope * (point.Hours - meanTime)), 2));
        return new(mean, slope, Math.Sqrt(residuals / (points.Count - 2) / spread));
    }

    /// <summary>Returns false if the values grow by more than a share of their level in an hour, beyond what the error explains.</summary>
    public bool IsFlat(double share) => Slope - (2 * Error) <= share * Level;
}
