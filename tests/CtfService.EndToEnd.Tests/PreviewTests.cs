using System.Diagnostics;
using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests;

/// <summary>Previews of the shipped model arrive early and resemble the final image.</summary>
[Collection(WatchedService.Name)]
public sealed class PreviewTests(WatchedService service, ITestOutputHelper output)
{
    private const int Images = 8;
    private const int Previews = 3;

    [Fact]
    public async Task Stream_FirstPreview_ArrivesWellBeforeTheEnd()
    {
        var started = Stopwatch.GetTimestamp();
        TimeSpan? first = null;
        var body = $$"""{"class_label": "pineapple", "n": {{Images}}, "seed": 3, "stream": true, "partial_images": {{Previews}}}""";
        await foreach (var item in service.Stream(body))
        {
            first ??= Stopwatch.GetElapsedTime(started);
        }

        var total = Stopwatch.GetElapsedTime(started);
        output.WriteLine($"First preview after {first!.Value.TotalMilliseconds:0} ms of {total.TotalMilliseconds:0} ms: {first.Value / total:P0}.");
        Assert.True(first.Value / total < 0.6, $"The first preview arrived after {first.Value / total:P0} of the time.");
    }

    [Fact]
    public async Task Stream_LastPreview_ResemblesItsImageAndNoOther()
    {
        var (previews, finals) = await Draw("pineapple", Images);

        for (var image = 0; image < Images; image++)
        {
            var own = previews[image].Select(preview => Difference(preview, finals[image])).ToList();
            var others = Enumerable.Range(0, Images).Where(other => other != image).Average(other => Difference(previews[image][^1], finals[other]));
            var differences = string.Join(", ", own.Select(value => $"{value:0.0}"));
            output.WriteLine($"Image {image}: mean absolute difference of its previews to it {differences}; of the last one to the other images {others:0.0}.");
            Assert.True(own[^1] < others / 2, $"Image {image}: {own[^1]:0.0} to itself, {others:0.0} to the others.");
            Assert.True(own[0] > own[1] && own[1] > own[2], $"Image {image}: its previews do not become more similar to it.");
        }
    }

    /// <summary>Writes previews.png beside the tests: previews and image of twelve classes, two to a row. docs/previews.png is a copy of it.</summary>
    [Fact]
    public async Task Stream_PreviewsOfTwelveClasses_AreWrittenToASheet()
    {
        var cells = new List<RgbImage>();
        foreach (var label in service.Generator.Model.Classes.Labels.Where(label => label.Id % 2 == 1))
        {
            var (previews, finals) = await Draw(label.Name, count: 1);
            cells.AddRange([.. previews[0], finals[0]]);
        }

        var sheet = ContactSheet.Compose(cells, columns: 2 * (Previews + 1));
        await File.WriteAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "previews.png"), ImageCodec.Encode(sheet, ImageFormat.Png));

        Assert.Equal(12 * (Previews + 1), cells.Count);
        Assert.Equal(cells.Count, cells.Select(cell => Convert.ToHexString(cell.Pixels)).Distinct().Count());
    }

    private async Task<(RgbImage[][] Previews, RgbImage[] Finals)> Draw(string label, int count)
    {
        RgbImage[][] previews = [.. Enumerable.Range(0, count).Select(_ => new RgbImage[Previews])];
        var finals = new RgbImage[count];
        var body = $$"""{"class_label": "{{label}}", "n": {{count}}, "seed": 3, "stream": true, "partial_images": {{Previews}}}""";
        await foreach (var item in service.Stream(body))
        {
            var image = ImageCodec.Decode(item.GetProperty("b64_json").GetBytesFromBase64());
            var place = item.GetProperty("image_index").GetInt32();
            if (item.TryGetProperty("partial_image_index", out JsonElement index))
            {
                previews[place][index.GetInt32()] = image;
            }
            else
            {
                finals[place] = image;
            }
        }

        return (previews, finals);
    }

    private static double Difference(RgbImage left, RgbImage right) => left.Pixels.Zip(right.Pixels, (a, b) => Math.Abs(a - b)).Average();
}
