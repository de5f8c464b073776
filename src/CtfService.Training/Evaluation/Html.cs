using System.Net;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Training.Evaluation;

/// <summary>Builds HTML elements.</summary>
internal static class Html
{
    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1180px; margin: 2em auto; padding: 0 1.5em; }
        h1 { font-size: 1.7em; margin-bottom: 0; } h2 { margin: 1.8em 0 .4em; border-bottom: 1px solid #ddd; }
        table { border-collapse: collapse; margin: .6em 0; } th, td { padding: .25em .9em .25em 0; text-align: right; font-variant-numeric: tabular-nums; }
        th { font-weight: 600; border-bottom: 1px solid #999; vertical-align: bottom; } td { border-bottom: 1px solid #eee; }
        th:first-child, td:first-child { text-align: left; } td strong { font-size: 1.05em; }
        .plots { display: flex; flex-wrap: wrap; gap: 1em; margin-top: 1.5em; } .plots figure { margin: 0; }
        .classes { display: grid; grid-template-columns: repeat(auto-fill, minmax(540px, 1fr)); gap: .6em 1.2em; }
        figure { margin: .4em 0; } figcaption { font-size: .9em; color: #555; } img { max-width: 100%; display: block; }
        .note { color: #555; font-size: .92em; max-width: 60em; } code { font-size: .92em; }
        """;

    /// <summary>Quality of lossy pictures; high, so that artefacts are not attributed to the model.</summary>
    private const int Quality = 95;

    /// <summary>Returns the start of the page, including the headline.</summary>
    public static string Head(string title) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>{Text(title)}</title>
        <style>
        {Style}
        </style>
        </head>
        <body>
        <h1>{Text(title)}</h1>
        """;

    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Returns a picture that is embedded in the page.</summary>
    /// <param name="description">Alternative text.</param>
    public static string Picture(RgbImage image, string description)
    {
        var file = Convert.ToBase64String(ImageCodec.Encode(image, ImageFormat.Webp, Quality));
        return $"<img width=\"{image.Width}\" height=\"{image.Height}\" alt=\"{Text(description)}\" src=\"data:image/webp;base64,{file}\">";
    }

    /// <summary>Returns a figure with a caption.</summary>
    /// <param name="content">Content, HTML.</param>
    /// <param name="caption">Caption, plain text.</param>
    public static string Figure(string content, string caption) => $"<figure>{content}<figcaption>{Text(caption)}</figcaption></figure>";

    /// <summary>Returns a table.</summary>
    /// <param name="cells">Cells row by row, HTML; the first row is the header.</param>
    public static string Table(params IReadOnlyList<IReadOnlyList<string>> cells)
    {
        var rows = cells.Select((row, index) => $"<tr>{string.Concat(row.Select(cell => index == 0 ? $"<th>{cell}</th>" : $"<td>{cell}</td>"))}</tr>");
        return $"<table>\n{string.Join('\n', rows)}\n</table>";
    }
}
