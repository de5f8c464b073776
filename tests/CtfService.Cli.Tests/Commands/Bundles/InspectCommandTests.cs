using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Bundles;

public sealed class InspectCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Inspect_SeveralFilesAsJson_PrintsALineForEach()
    {
        using var bundle = new TinyBundle();
        var provenance = ImageProvenance.Of(FakeModels.Fruits, new ImageSpecification(4, 12, new SamplingSettings(0.9f), new SamplingSettings()));
        File.WriteAllBytes(_folder.File("cherry.png"), ImageFile.Encode(new RgbImage(8, 8, new byte[8 * 8 * 3]), provenance, ImageFormat.Png));

        var run = await CommandRun.Of("inspect", "--json", "--keys", _folder.File("cherry.png"), bundle.Directory, GoldenFolder.File("gpt-tiny.pt"));

        Assert.True(run.ExitCode == 0, run.Error);
        List<JsonElement> lines = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["image", "bundle", "weights"], lines.Select(line => line.GetProperty("kind").GetString()));
        Assert.Equal(12, lines[0].GetProperty("provenance").GetProperty("seed").GetInt32());
        Assert.Equal("tiny", lines[1].GetProperty("manifest").GetProperty("name").GetString());
        Assert.True(lines[2].GetProperty("keys").GetArrayLength() == lines[2].GetProperty("tensors").GetInt32());
    }

    [Fact]
    public async Task Inspect_OneOfSeveralIsMissing_ShowsTheOthersAndFails()
    {
        File.WriteAllBytes(_folder.File("photo.png"), ImageCodec.Encode(new RgbImage(8, 8, new byte[8 * 8 * 3]), ImageFormat.Png));

        var run = await CommandRun.Of("inspect", _folder.File("missing.png"), _folder.File("photo.png"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("missing.png", run.Error, StringComparison.Ordinal);
        Assert.Contains("container   Png", run.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
