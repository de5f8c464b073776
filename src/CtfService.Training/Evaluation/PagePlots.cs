using System.Text;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace CtfService.Training.Evaluation;

/// <summary>Renders the plots of a page as embedded SVG.</summary>
internal static class PagePlots
{
    private const double Width = 560;
    private const double Height = 340;
    private const int Bins = 60;

    // Distinguishable with colour blindness (Okabe and Ito 2008).
    private static readonly OxyColor OfModel = OxyColor.FromRgb(213, 94, 0);
    private static readonly OxyColor OfReal = OxyColor.FromRgb(0, 114, 178);

    public static string FidBySize(FeatureReport features)
    {
        var plot = Plot("FID by the number of images", Logarithmic(AxisPosition.Bottom, "images of each class"), Logarithmic(AxisPosition.Left, "FID"));
        var generated = features.BySize.Where(point => point.Generated > 0) // no logarithm of 0
            .Select(point => ((double)point.ImagesPerClass, point.Generated!.Value));
        var halves = features.BySize.Where(point => point.Halves > 0).Select(point => ((double)point.ImagesPerClass, point.Halves!.Value));
        plot.Series.Add(Line("generated images", OfModel, generated, MarkerType.Circle));
        plot.Series.Add(Line("training halves", OfReal, halves, MarkerType.Circle));
        return Figure(plot, $"FID is biased upwards for few images: compare only equal numbers of images. Features: {features.Extractor}.");
    }

    public static string NeighbourDistances(EvaluationResult result)
    {
        double[] generated = [.. result.Nearest.Select(image => image.Distance)];
        var most = Math.Max(generated.Max(), result.UnseenDistances.Max());
        var plot = Plot(
            "Distance to the nearest training image",
            Linear(AxisPosition.Bottom, "root mean square difference, grey levels"),
            Linear(AxisPosition.Left, "share of the images"));
        plot.Series.Add(Line("generated images", OfModel, Histogram(generated, most)));
        plot.Series.Add(Line("unseen images", OfReal, Histogram(result.UnseenDistances, most)));
        return Figure(plot, "If the model copies training images, its curve lies to the left of that of unseen images.");
    }

    public static string TokenRanks(TokenCounts tokens)
    {
        var plot = Plot(
            "Use of the codebook", Logarithmic(AxisPosition.Bottom, "codewords, most frequent first"), Logarithmic(AxisPosition.Left, "share of the tokens"));
        plot.Series.Add(Line("generated images", OfModel, Ranks(tokens.Generated)));
        plot.Series.Add(Line("test images", OfReal, Ranks(tokens.Test)));
        return Figure(plot, "If the curves differ, the model over- or underuses codewords of real images.");
    }

    private static IEnumerable<(double, double)> Histogram(IReadOnlyList<double> values, double most)
    {
        var width = most > 0 ? most / Bins : 1;
        var counts = values.CountBy(value => Math.Min((int)(value / width), Bins - 1)).ToDictionary();
        return Enumerable.Range(0, Bins).Select(bin => ((bin + 0.5) * width, counts.GetValueOrDefault(bin) / (double)values.Count));
    }

    private static IEnumerable<(double, double)> Ranks(long[] counts)
    {
        var total = (double)counts.Sum();
        return counts.Where(count => count > 0).OrderDescending().Select((count, rank) => (rank + 1.0, count / total));
    }

    private static string Figure(PlotModel plot, string caption)
    {
        using var svg = new MemoryStream();
        new SvgExporter { Width = Width, Height = Height, IsDocument = false }.Export(plot, svg);
        var text = Encoding.UTF8.GetString(svg.ToArray());
        return Html.Figure(text[text.IndexOf("<svg", StringComparison.Ordinal)..], caption); // HTML does not allow the XML declaration
    }

    private static PlotModel Plot(string title, Axis horizontal, Axis vertical)
    {
        var plot = new PlotModel { Title = title, TitleFontSize = 14, Background = OxyColors.White, DefaultFont = "Arial" };
        plot.Axes.Add(horizontal);
        plot.Axes.Add(vertical);
        plot.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.BottomCenter,
            LegendOrientation = LegendOrientation.Horizontal,
            LegendItemSpacing = 40, // browsers may render wider letters than the exporter expects,
            LegendPadding = 36,     // and text outside the legend is clipped
        });
        return plot;
    }

    private static LinearAxis Linear(AxisPosition position, string title) =>
        Styled(new LinearAxis { MinimumPadding = 0.02, MaximumPadding = 0.05 }, position, title);

    private static LogarithmicAxis Logarithmic(AxisPosition position, string title) => Styled(new LogarithmicAxis(), position, title);

    private static TAxis Styled<TAxis>(TAxis axis, AxisPosition position, string title)
        where TAxis : Axis
    {
        axis.Position = position;
        axis.Title = title;
        axis.AxisTitleDistance = position == AxisPosition.Left ? 28 : 4;
        axis.MajorGridlineStyle = LineStyle.Solid;
        axis.MajorGridlineColor = OxyColor.FromRgb(230, 230, 230);
        return axis;
    }

    private static LineSeries Line(string name, OxyColor colour, IEnumerable<(double X, double Y)> points, MarkerType marker = MarkerType.None)
    {
        var line = new LineSeries { Title = name, Color = colour, MarkerType = marker, MarkerFill = colour, MarkerSize = 3 };
        line.Points.AddRange(points.Select(point => new DataPoint(point.X, point.Y)));
        return line;
    }
}
