using System.Text.Json.Nodes;
using CtfService.Model.Storage;

namespace CtfService.Training.Experiments.Report;

/// <summary>Writes the swap study and the number of clusters that it leads to.</summary>
internal static class SwapSection
{
    public static string Write(ExperimentResults results, string folder, string link)
    {
        if (results.Swaps is not { } swaps)
        {
            return "";
        }

        var lines = swaps["lines"]!.AsArray().Select(line => line!.AsObject()).ToList();
        var limit = (double)swaps["reconstruction_error"]!;
        Plot(Path.Combine(folder, "swaps.svg"), lines, limit);
        AtomicFile.Copy(results.SwapPicture!, Path.Combine(folder, "swaps.png"));
        var table = new MarkdownTable(
            "clusters", "kind", "PSNR to before the swap, dB", "PSNR to the original, dB", "same class, %", "bits, coarse stage", "bits, fine stage");
        foreach (var line in lines)
        {
            string Number(string name) => Spread.Number((double)line[name]!);
            table.Add(
                $"{line["clusters"]}", (string)line["kind"]!, Number("psnr"), Number("psnr_to_original"),
                line["agreement"] is { } agreement ? Spread.Number(100 * (double)agreement) : null, Number("coarse_bits"), Number("fine_bits"));
        }

        var columns = string.Join(", ", lines.Select(line => $"{line["clusters"]} {line["kind"]}"));
        return $"""

            ## Swapped codewords

            Every token is replaced by a random member of its cluster.
            The mean squared error of the tokenizer itself is {Spread.Number(1000 * limit)}e-3 (pixels from -1 to 1).

            ![Image change against the number of clusters]({link}/swaps.svg)

            ![Test images: original, reconstruction, then swapped within {columns} clusters]({link}/swaps.png)

            {table}
            `ctf cluster --clusters auto` chooses {swaps["chosen"]} clusters.

            """.ReplaceLineEndings("\n");
    }

    private static void Plot(string path, List<JsonObject> lines, double limit)
    {
        var series = lines.GroupBy(line => (string)line["kind"]!)
            .Select(group => new PlotSeries(group.Key, [.. group.Select(line => ((double)line["clusters"]!, Spread.Of([(double)line["squared_error"]!])!))]))
            .ToList();
        double[] ends = [lines.Min(line => (double)line["clusters"]!), lines.Max(line => (double)line["clusters"]!)];
        series.Add(new PlotSeries("tokenizer's error", [.. ends.Select(end => (end, Spread.Of([limit])!))], IsLimit: true));
        var texts = new PlotTexts("Image change if tokens are swapped within their cluster", "clusters", "mean squared error");
        Plots.Write(path, texts, series, logarithmic: true);
    }
}
