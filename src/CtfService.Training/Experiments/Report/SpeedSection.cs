using System.Globalization;

namespace CtfService.Training.Experiments.Report;

/// <summary>Writes images per second and seconds per training step.</summary>
internal static class SpeedSection
{
    public static string Write(ExperimentResults results)
    {
        var text = "";
        if (results.SamplingSpeed is { } sampling)
        {
            var first = results.Plan.Speed!.Models[0];
            var table = new MarkdownTable("model", "images that start together", "images/s", $"times {first}", "ms coarse", "ms fine", "ms VQ decode");
            foreach (var line in sampling["lines"]!.AsArray().Select(line => line!.AsObject()))
            {
                string Milliseconds(string stage) => (1000 * (double)line[stage]!).ToString("0.0", CultureInfo.InvariantCulture);
                table.Add(
                    (string)line["model"]!, $"{line["batch"]}", Spread.Number((double)line["images_per_second"]!), Spread.Number((double)line["times_first"]!),
                    Milliseconds("coarse_seconds"), Milliseconds("fine_seconds"), Milliseconds("decode_seconds"));
            }

            text += "\n## Sampling speed\n\nOn the serving engine, including guidance and VQ decode; "
                + $"medians of {results.Plan.Speed.Runs} runs in which the models alternate, ratios within a turn.\n\n{table}";
        }

        if (results.TrainingSpeed is { } training)
        {
            var table = new MarkdownTable("model", "seconds per step, causal transformer", "fine transformer", "both");
            foreach (var line in training["lines"]!.AsArray().Select(line => line!.AsObject()))
            {
                var (coarse, fine) = ((double)line["coarse_seconds_per_step"]!, (double)line["fine_seconds_per_step"]!);
                table.Add((string)line["model"]!, Spread.Number(coarse), fine > 0 ? Spread.Number(fine) : null, Spread.Number(coarse + fine));
            }

            text += $"\n## Training speed\n\n{table}";
        }

        return text;
    }
}
