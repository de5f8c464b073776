using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Model.Storage;
using CtfService.Training.Experiments.Plan;

namespace CtfService.Training.Experiments.Report;

/// <summary>Writes what an experiment found: <c>results.json</c>, <c>results.md</c> for the documentation, and beside it a folder of plots.</summary>
internal static class ExperimentReport
{
    private static readonly JsonSerializerOptions FigureJson = new(ExperimentFile.Json) { IgnoreReadOnlyProperties = false }; // nothing reads it back

    public const string TextName = "results.md";
    private const string FiguresName = "results";

    /// <param name="directory">Made where it does not exist.</param>
    public static void Write(ExperimentResults results, string directory)
    {
        var figures = Path.Combine(directory, FiguresName);
        Directory.CreateDirectory(figures);
        var text = new StringBuilder()
            .Append($"<!-- Written by `ctf experiment` from the experiment '{results.Plan.Name}'; a new run replaces it. -->\n\n")
            .Append($"# Results of {results.Plan.Name}\n\n")
            .Append(results.Plan.Text.Length > 0 ? $"{results.Plan.Text}\n\n" : "")
            .Append(About(results));
        foreach (var table in results.Plan.Tables)
        {
            text.Append($"\n## {table.Title}\n\n").Append(Table(results, table));
            text.Append(table.Text.Length > 0 ? $"\n{table.Text}\n" : "");
        }

        text.Append(CurveSection.Write(results, figures, FiguresName));
        text.Append(SpeedSection.Write(results));
        text.Append(SwapSection.Write(results, figures, FiguresName));
        AtomicFile.Write(Path.Combine(directory, TextName), stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
        AtomicFile.Write(Path.Combine(directory, "results.json"), stream => JsonSerializer.Serialize(stream, Json(results), ExperimentFile.Json));
    }

    private static string About(ExperimentResults results)
    {
        var text = $"{results.Plan.ImagesPerClass} images of each class in every evaluation, drawn by the engine that serves; "
            + "where a model was trained with several seeds, mean ± standard deviation over them.";
        if (results.Classifier is { } classifier)
        {
            text += $" The classifier that judges names {Spread.Number(100 * (double)classifier["test_accuracy"]!)} % of the real test images correctly.";
        }

        if (results.RealImages is { } real)
        {
            text += $" Two halves of the training images, of as many, are FID {Spread.Number((double?)real["half_fid"])} apart.";
        }

        return text + "\n";
    }

    private static string Table(ExperimentResults results, TablePlan table)
    {
        var ofPaper = Metrics.Shown.Where(metric => table.Rows.Any(row => row.Paper.ContainsKey(metric.Name))).ToList();
        var titles = Metrics.Shown.Select(metric => metric.Title);
        var text = new MarkdownTable([table.Subject, .. titles, "held-out nats per token ↓", .. ofPaper.Select(metric => $"paper: {metric.Title}")]);
        if (table == results.Plan.Tables[0] && results.RealImages?["test"] is { } real)
        {
            var figures = Metrics.Shown.Select(metric => Spread.Number((double?)real[metric.Name]));
            text.Add(["real test images", .. figures, null, .. ofPaper.Select(_ => (string?)null)]);
        }

        foreach (var row in table.Rows)
        {
            var figures = Metrics.Shown.Select(metric => results.Of(row, metric.Name)?.ToString());
            var loss = row.AtStep is null ? results.HeldOutLoss(row.Model)?.ToString() : null;
            var papers = ofPaper.Select(metric => row.Paper.TryGetValue(metric.Name, out var value) ? Spread.Number(value) : null);
            text.Add([row.Label, .. figures, loss, .. papers]);
        }

        return text.ToString();
    }

    private static JsonObject Json(ExperimentResults results) => new()
    {
        ["name"] = results.Plan.Name,
        ["classifier"] = results.Classifier?.DeepClone(),
        ["real_images"] = results.RealImages?.DeepClone(),
        ["tables"] = new JsonArray([.. results.Plan.Tables.Select(table => (JsonNode)new JsonObject
        {
            ["title"] = table.Title,
            ["rows"] = new JsonArray([.. table.Rows.Select(row => (JsonNode)Json(results, row))]),
        })]),
        ["sampling_speed"] = results.SamplingSpeed?.DeepClone(),
        ["training_speed"] = results.TrainingSpeed?.DeepClone(),
        ["swaps"] = results.Swaps?.DeepClone(),
    };

    private static JsonObject Json(ExperimentResults results, RowPlan row)
    {
        var line = new JsonObject { ["label"] = row.Label, ["model"] = row.Model };
        foreach (var metric in Metrics.Shown)
        {
            line[metric.Name] = results.Of(row, metric.Name) is { } value ? JsonSerializer.SerializeToNode(new { value.Mean, value.Deviation, value.Values }, FigureJson) : null;
        }

        return line;
    }
}
