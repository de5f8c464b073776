using CtfService.Model.Storage;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace CtfService.Training.Experiments.Report;

/// <summary>Writes line plots as SVG files.</summary>
internal static class Plots
{
    private const double Width = 560;
    private const double Height = 360;

    /// <summary>Colours of the series, distinguishable with colour blindness (Okabe and Ito 2008).</summary>
    private static readonly OxyColor[] Colours =
    [
        OxyColor.FromRgb(0, 114, 178), OxyColor.FromRgb(213, 94, 0), OxyColor.FromRgb(0, 158, 115), OxyColor.FromRgb(204, 121, 167),
    ];

    /// <summary>Writes a plot with a line through the means of each series and a band from its minimum to its maximum.</summary>
    /// <param name="logarithmic">Whether both axes are logarithmic.</param>
    public static void Write(string path, PlotTexts texts, IReadOnlyList<PlotSeries> series, bool logarithmic = false)
    {
        var plot = new PlotModel
        {
            Title = texts.Title,
            TitleFontSize = 14,
            Background = OxyColors.White,
            DefaultFont = "Arial",
            Padding = new OxyThickness(12),
        };
        plot.Axes.Add(Axis(AxisPosition.Bottom, texts.Horizontal, logarithmic));
        plot.Axes.Add(Axis(AxisPosition.Left, texts.Vertical, logarithmic));
        plot.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.BottomCenter,
            LegendOrientation = LegendOrientation.Horizontal,
            LegendItemSpacing = 40, // browsers without the font render wider letters,
            LegendPadding = 40,     // and text outside the legend is clipped
        });
        foreach (var (line, colour) in series.Zip(Enumerable.Range(0, series.Count).Select(i => Colours[i % Colours.Length])))
        {
            if (line.Points.Any(point => point.Value.Values.Count > 1))
            {
                plot.Series.Add(Band(line, colour));
            }

            plot.Series.Add(Line(line, colour));
        }

        using var picture = new MemoryStream();
        new SvgExporter { Width = Width, Height = Height }.Export(plot, picture);
        AtomicFile.WriteBytes(path, picture.ToArray()); // other processes of the experiment may write the same report
    }

    private static Axis Axis(AxisPosition position, string title, bool logarithmic)
    {
        Axis axis = logarithmic ? new LogarithmicAxis() : new LinearAxis { MinimumPadding = 0.05, MaximumPadding = 0.05 };
        axis.Position = position;
        axis.Title = title;
        axis.AxisTitleDistance = 12;
        axis.MajorGridlineStyle = LineStyle.Solid;
        axis.MajorGridlineColor = OxyColor.FromRgb(230, 230, 230);
        return axis;
    }

    private static AreaSeries Band(PlotSeries line, OxyColor colour)
    {
        var band = new AreaSeries { Fill = OxyColor.FromAColor(50, colour), StrokeThickness = 0, RenderInLegend = false };
        band.Points.AddRange(line.Points.Select(point => new DataPoint(point.X, point.Value.Max)));
        band.Points2.AddRange(line.Points.Select(point => new DataPoint(point.X, point.Value.Min)));
        return band;
    }

    private static LineSeries Line(PlotSeries line, OxyColor colour)
    {
        var series = new LineSeries
        {
            Title = line.Name,
            Color = colour,
            LineStyle = line.IsLimit ? LineStyle.Dash : LineStyle.Solid,
            MarkerType = line.IsLimit ? MarkerType.None : MarkerType.Circle,
            MarkerFill = colour,
            MarkerSize = 3,
        };
        series.Points.AddRange(line.Points.Select(point => new DataPoint(point.X, point.Value.Mean)));
        return series;
    }
}

internal sealed record PlotTexts(string Title, string Horizontal, string Vertical);

/// <summary>A line of a plot.</summary>
/// <param name="IsLimit">Whether the series is a reference for the others: dashed, without markers.</param>
internal sealed record PlotSeries(string Name, IReadOnlyList<(double X, Spread Value)> Points, bool IsLimit = false);
