using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Generate;

/// <summary><c>ctf inspect</c> for images, and <c>ctf generate --from</c> up to the point where it needs a model.</summary>
public sealed class ImageProvenanceCommandTests : IDisposable
{
    private static readonly ImageProvenance Cherry = ImageProvenance.Of(
        FakeModels.Fruits with { Device = "cpu", Dtype = "float32" },
        new ImageSpecification(4, 18446744073709551615, new SamplingSettings(0.9f, 7, 0.5f, 2.5f, 10), new SamplingSettings(TopK: 3)));

    private static readonly ImageProvenance CherryEdit = Cherry with
    {
        Layout = LayoutOrigin.Edited,
        Kept = new KeptParts { Picture = new string('0', 64), Positions = 2, Mask = [32, 32], Candidates = 4 },
    };

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("png", ImageFormat.Png, "Png")]
    [InlineData("jpg", ImageFormat.Jpeg, "Jpeg, quality 35")]
    [InlineData("webp", ImageFormat.Webp, "Webp, quality 35")]
    public async Task Inspect_GeneratedImage_ShowsItsProvenance(string extension, ImageFormat format, string container)
    {
        var run = await CommandRun.Of("inspect", Write($"cherry.{extension}", Cherry, format));

        Assert.Equal(0, run.ExitCode);
        var lines = run.Output.Split(Environment.NewLine);
        Assert.Contains($"container   {container}", lines);
        Assert.Contains($"model       fruits-fake, bundle {FakeModels.Fruits.BundleHash}", lines);
        Assert.Contains("computed    cpu, float32", lines);
        Assert.Contains("class       Cherry (4)", lines);
        Assert.Contains("seed        18446744073709551615", lines);
        Assert.Contains("coarse      temperature 0.9, top-k 7, top-p 0.5, guidance 2.5 to position 11", lines);
        Assert.Contains("fine        temperature 1, top-k 3, top-p 1, guidance 1", lines);
        Assert.Contains("sampler     gumbel_max", lines);
        Assert.Contains(lines, line => line.StartsWith("again       ctf generate --from", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Inspect_FileThatNamesNoSampler_SaysWhichOneItIs()
    {
        var run = await CommandRun.Of("inspect", Write("old.png", Cherry with { Sampler = null }));

        Assert.Contains("sampler     inverse_cdf, as in all files that name none", run.Output.Split(Environment.NewLine));
    }

    [Fact]
    public async Task SamplerOfANewerVersion_IsShownAndNotReproduced()
    {
        var path = Write("newer.png", Cherry with { Sampler = "quantum" });

        var inspected = await CommandRun.Of("inspect", path);

        Assert.Contains("sampler     quantum", inspected.Output.Split(Environment.NewLine));
        Assert.DoesNotContain("again ", inspected.Output, StringComparison.Ordinal);
        await IsRejected(path, "it was drawn by the sampler 'quantum', which this version does not have (it has gumbel_max, inverse_cdf)");
    }

    [Fact]
    public async Task Inspect_SheetOfEveryClass_SaysSo()
    {
        var run = await CommandRun.Of("inspect", Write("sheet.png", Cherry.OnSheet(new SheetShape(4, 8), everyClass: true)));

        Assert.Contains("class       every class of the model in turn", run.Output, StringComparison.Ordinal);
        Assert.Contains("sheet       4 image(s) of each class, 8 in a row", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_ImageWithGivenLayout_ShowsNoCommandToReproduceIt()
    {
        var run = await CommandRun.Of("inspect", Write("redetailed.png", Cherry with { Layout = LayoutOrigin.Given, Coarse = null }));

        Assert.Contains("given by the caller", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("again ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_Edit_ShowsWhatItKeptAndThatTheOriginalIsNeeded()
    {
        var run = await CommandRun.Of("inspect", Write("edit.png", CherryEdit));

        var lines = run.Output.Split(Environment.NewLine);
        Assert.Contains("layout      encoded from a picture that the caller sent, and drawn by the model under a mask", lines);
        Assert.Contains($"original    SHA-256 {CherryEdit.Kept!.Picture} of its pixels in the model's size; not stored in the file", lines);
        Assert.Contains("kept        tokens of 2 position(s); mask of 2 run(s); the likeliest of 4 candidates", lines);
        Assert.Contains(lines, line => line.StartsWith("again       ctf generate --from", StringComparison.Ordinal)
            && line.EndsWith(" --original PICTURE --bundle FOLDER", StringComparison.Ordinal));
    }

    [Fact]
    public async Task InspectJson_Edit_HasTheMask()
    {
        var run = await CommandRun.Of("inspect", "--json", Write("edit.png", CherryEdit));

        Assert.Contains("\"positions\":2,\"mask\":[32,32],\"candidates\":4}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_Preview_SaysSo()
    {
        var run = await CommandRun.Of("inspect", Write("preview.png", Cherry with { Preview = 1 }));

        Assert.Contains("preview     1: the coarse labels so far, not the finished image", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("again ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_ImageWithoutProvenance_SaysSo()
    {
        var run = await CommandRun.Of("inspect", Write("photo.png", provenance: null));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("made by     unknown", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_DamagedImage_NamesTheFile()
    {
        var path = Write("cut.png", Cherry);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..60]);

        var run = await CommandRun.Of("inspect", path);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"ctf: {path}: it is damaged or truncated", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_ImageWithoutProvenance_IsRejected()
    {
        await IsRejected(Write("photo.png", provenance: null), "has no provenance");
    }

    [Fact]
    public async Task GenerateFrom_GivenLayout_IsRejected()
    {
        await IsRejected(Write("redetailed.png", Cherry with { Layout = LayoutOrigin.Given, Coarse = null }), "its layout was not drawn by the model");
    }

    [Fact]
    public async Task GenerateFrom_NotAnImage_IsRejected()
    {
        var path = _folder.File("notes.txt");
        File.WriteAllText(path, "not an image");

        await IsRejected(path, "it is not a PNG, JPEG or WebP image");
    }

    [Fact]
    public async Task GenerateFrom_IntoItsOwnFolder_IsRejected()
    {
        var run = await CommandRun.Of("generate", "--from", Write("cherry.png", Cherry), "--output", _folder.Root);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("would be overwritten. Choose another folder with --output.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_WithOptionsForNewImages_IsAUsageError()
    {
        var run = await CommandRun.Of("generate", "--from", Write("cherry.png", Cherry), "--seed", "4", "--class", "apple");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--from takes everything from the file. Omit --class, --seed.", run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task IsRejected(string path, string expected)
    {
        var run = await CommandRun.Of("generate", "--from", path, "--bundle", "/nowhere");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"ctf: {path}: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private string Write(string name, ImageProvenance? provenance, ImageFormat format = ImageFormat.Png)
    {
        var image = new RgbImage(8, 8, new byte[8 * 8 * 3]);
        var bytes = provenance is null ? ImageCodec.Encode(image, format) : ImageFile.Encode(image, provenance, format, quality: 35);
        File.WriteAllBytes(_folder.File(name), bytes);
        return _folder.File(name);
    }
}
