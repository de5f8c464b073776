using System.Text;

namespace CtfService.Training.Experiments.Report;

/// <summary>Writes learning curves over training steps and over training time, and a comparison at equal time.</summary>
internal static class CurveSection
{
    private static readonly string[] Plotted = ["fid", "inception_score"];

    private static readonly CurveAxis[] Axes =
    [
        new("steps", "training steps of each transformer", point => point.Step),
        new("time", "training time, both stages together, seconds", point => point.Seconds),
    ];

    public static string Write(ExperimentResults results, string folder, string link)
    {
        if (results.Plan.Curve is not { } curve)
        {
            return "";
        }

        var text = new StringBuilder("\n## Learning curves\n\n");
        foreach (var metric in Metrics.Shown.Where(metric => Plotted.Contains(metric.Name)))
        {
            foreach (var axis in Axes)
            {
                text.Append(Plot(results, curve.Models, metric, axis, folder, link));
            }
        }

        return text.Append(AtEqualTime(results, curve.Models)).ToString();
    }

    private static string Plot(ExperimentResults results, IReadOnlyList<string> models, Metric metric, CurveAxis axis, string folder, string link)
    {
        IReadOnlyList<(double, Spread)> Points(string model) => [.. results.Curve(model, metric.Name)
            .Select(point => (Place: axis.Place(point), point.Value))
            .Where(point => point.Place is not null)
            .Select(point => (point.Place!.Value, point.Value))];
        var series = models.Select(model => new PlotSeries(model, Points(model))).Where(line => line.Points.Count > 0).ToList();
        if (series.Count == 0)
        {
            return "";
        }

        var name = $"{metric.Name.Replace('_', '-')}-by-{axis.Name}.svg";
        Plots.Write(Path.Combine(folder, name), new PlotTexts($"{metric.Title} by training {axis.Name}", axis.Title, metric.Title), series);
        return $"![{metric.Title} by training {axis.Name}]({link}/{name})\n";
    }

    /// <summary>Compares the models at the shortest training time of a model, with linear interpolation between the points of a curve.</summary>
    private static string AtEqualTime(ExperimentResults results, IReadOnlyList<string> models)
    {
        var curves = models.Select(model => results.Curve(model, Metrics.Shown[0].Name)).ToList();
        if (curves.Any(curve => curve.Count == 0 || curve[^1].Seconds is null))
        {
            return "";
        }

        var seconds = curves.Min(curve => curve[^1].Seconds!.Value);
        var table = new MarkdownTable([$"after {seconds:0} s of training", "steps of each transformer", .. Metrics.Shown.Select(metric => metric.Title)]);
        foreach (var model in models)
        {
            var figures = Metrics.Shown.Select(metric => At(results.Curve(model, metric.Name), seconds)?.ToString());
            table.Add([model, $"{seconds / results.SecondsPerStep(model):0}", .. figures]);
        }

        return $"\nAt equal training time, on an otherwise idle machine:\n\n{table}";
    }

    private static Spread? At(IReadOnlyList<CurvePoint> curve, double seconds)
    {
        var after = curve.FirstOrDefault(point => point.Seconds >= seconds - 1e-6);
        var before = curve.LastOrDefault(point => point.Seconds <= seconds + 1e-6);
        if (after is null || before is null)
        {
            return null;
        }

        var share = after == before ? 0 : (seconds - before.Seconds!.Value) / (after.Seconds!.Value - before.Seconds.Value);
        return before.Value.Towards(after.Value, share);
    }

    /// <param name="Name">Name in file names.</param>
    private sealed record CurveAxis(string Name, string Title, Func<CurvePoint, double?> Place);
}
