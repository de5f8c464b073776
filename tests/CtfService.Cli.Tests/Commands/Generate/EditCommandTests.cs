using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Generate;

/// <summary><c>ctf edit</c>, and <c>ctf generate --from</c> for its files, with a model of 16x16 pixels in 4x4 positions.</summary>
public sealed class EditCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyBundle _bundle = new();

    [Fact]
    public async Task Edit_PictureAndMask_KeepsThePixelsOutsideTheMask()
    {
        var picture = Write("photo.png", 16, 16, transparentFrom: 16);

        var run = await EditAsync("--image", picture, "--mask", Write("mask.png", 16, 16, transparentFrom: 8), "--class", "class_2", "--seed", "5");

        Assert.True(run.ExitCode == 0, run.Error);
        var line = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal((Out("class_2/5.png"), 5UL), (line.GetProperty("file").GetString()!, line.GetProperty("seed").GetUInt64()));
        var (before, after) = (ImageCodec.Decode(File.ReadAllBytes(picture)), ImageCodec.Decode(File.ReadAllBytes(Out("class_2/5.png"))));
        var kept = Enumerable.Range(0, 16 * 16).Where(pixel => pixel % 16 < 8).ToList();
        Assert.All(kept, pixel => Assert.Equal(before.Pixels[(pixel * 3)..((pixel * 3) + 3)], after.Pixels[(pixel * 3)..((pixel * 3) + 3)]));
        Assert.NotEqual(before.Pixels, after.Pixels);
        var provenance = ImageFile.FindProvenance(File.ReadAllBytes(Out("class_2/5.png")))!;
        Assert.Equal((LayoutOrigin.Edited, KeptParts.HashOf(before), 8), (provenance.Layout, provenance.Kept!.Picture, provenance.Kept.Positions));
    }

    [Fact]
    public async Task Edit_CountSettingsAndFormat_AreThoseOfGenerate()
    {
        var run = await EditAsync(
            "--image", Write("photo.png", 16, 16, transparentFrom: 4), "--class", "1", "3", "-n", "2", "--temperature", "0.5", "--fine-top-k", "2",
            "--format", "webp", "--quality", "35", "--candidates", "3");

        Assert.True(run.ExitCode == 0, run.Error);
        var seed = ImageSeed.Derive(0, 1);
        Assert.Equal(
            [Out("class_1/0.webp"), Out($"class_1/{seed}.webp"), Out("class_3/0.webp"), Out($"class_3/{seed}.webp")],
            run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("file").GetString()!));
        var provenance = ImageFile.FindProvenance(File.ReadAllBytes(Out("class_3/0.webp")))!;
        Assert.Equal((0.5f, 2, 35, 3), (provenance.Coarse!.Temperature, provenance.Fine!.TopK, provenance.Quality, provenance.Kept!.Candidates));
    }

    [Theory]
    [InlineData("png", ImageFormat.Png)]
    [InlineData("jpeg", ImageFormat.Jpeg)]
    [InlineData("webp", ImageFormat.Webp)]
    public async Task GenerateFrom_EditWithItsOriginal_IsTheSameFile(string format, ImageFormat expected)
    {
        var picture = Write("photo.png", 40, 24, transparentFrom: 40);
        await EditAsync("--image", picture, "--mask", Write("mask.png", 40, 24, transparentFrom: 20), "--class", "1", "--format", format, "--candidates", "2");
        var edited = Assert.Single(Directory.GetFiles(Out("class_1")));

        var run = await AgainAsync(edited, "--original", Write("other.png", 16, 16, transparentFrom: 8), picture);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(expected, ImageFile.Recognize(File.ReadAllBytes(edited)));
        Assert.Equal(File.ReadAllBytes(edited), File.ReadAllBytes(Path.Combine(_folder.File("again"), Path.GetFileName(edited))));
    }

    [Fact]
    public async Task GenerateFrom_EditOfATransparentPart_IsTheSameFile()
    {
        var picture = Write("photo.png", 40, 24, transparentFrom: 20);
        await EditAsync("--image", picture, "--class", "1");

        var run = await AgainAsync(Out("class_1/0.png"), "--original", picture);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("\"identical\":true", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_SheetOfEdits_IsTheSameFile()
    {
        var picture = Write("photo.png", 16, 16, transparentFrom: 8);
        await EditAsync("--image", picture, "--class", "all", "--count", "2", "--sheet", _folder.File("sheet.png"), "--columns", "4");

        var run = await AgainAsync(_folder.File("sheet.png"), "--original", picture);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("\"identical\":true", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_EditWithoutItsOriginal_SaysWhatIsMissing()
    {
        await EditAsync("--image", Write("photo.png", 16, 16, transparentFrom: 8), "--class", "1");
        var other = Write("other.png", 16, 16, transparentFrom: 9);

        var none = await AgainAsync(Out("class_1/0.png"));
        var wrong = await AgainAsync(Out("class_1/0.png"), "--original", other);

        Assert.Equal((1, 1), (none.ExitCode, wrong.ExitCode));
        Assert.Equal($"ctf: {Out("class_1/0.png")}: is an edit of a picture that is not in the file. Name the picture with --original.", none.Error.TrimEnd());
        Assert.StartsWith($"ctf: {Out("class_1/0.png")}: was made from another picture than {other}", wrong.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("again")));
    }

    [Theory]
    [InlineData("--image is '{0}/nope.png', which does not exist. Name a PNG, JPEG or WebP file.", "nope.png", null)]
    [InlineData("--image is '{0}', which is a folder.", "", null)]
    [InlineData("--image is '{0}/text.png': The file is not a PNG, JPEG or WebP image.", "text.png", null)]
    [InlineData("--image is '{0}/cut.png': The picture cannot be read.", "cut.png", "half.png")]
    [InlineData("--image is '{0}/opaque.png': There is no mask, and the picture has no transparent pixels", "opaque.png", null)]
    [InlineData("--mask is '{0}/opaque.png': The mask has no transparent pixels", "half.png", "opaque.png")]
    [InlineData("--mask is '{0}/large.png': The mask is 32x32 pixels and the picture 16x16", "half.png", "large.png")]
    [InlineData("--mask is '{0}/text.png': The file is not a PNG, JPEG or WebP image.", "half.png", "text.png")]
    public async Task Edit_FilesThatCannotBeUsed_AreRejectedBeforeTheModelIsLoaded(string expected, string image, string? mask)
    {
        File.WriteAllText(_folder.File("text.png"), "not an image");
        Write("opaque.png", 16, 16, transparentFrom: 16);
        Write("large.png", 32, 32, transparentFrom: 16);
        File.WriteAllBytes(_folder.File("cut.png"), File.ReadAllBytes(Write("half.png", 16, 16, transparentFrom: 8))[..60]);
        string[] masking = mask is null ? [] : ["--mask", _folder.File(mask)];

        var run = await EditAsync(["--image", _folder.File(image), "--class", "1", .. masking]);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("ctf: " + string.Format(null, expected, _folder.Root), run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("out")));
    }

    [Fact]
    public async Task Edit_PictureWithTooManyPixels_IsNotDecoded()
    {
        var run = await EditAsync("--image", Write("photo.png", 16, 16, transparentFrom: 8), "--class", "1", "--max-pixels", "255");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("It has 16x16 pixels, 256 in total; expected at most 255 (--max-pixels).", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--class", "--image", "x.png")]
    [InlineData("--image", "--class", "1")]
    public async Task Edit_WithoutPictureOrClass_IsAUsageError(string missing, params string[] options)
    {
        var run = await EditAsync(options);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"Option '{missing}' is required.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_FileOfOtherSettings_IsNotReplacedWithoutOverwrite()
    {
        var picture = Write("photo.png", 16, 16, transparentFrom: 8);
        await EditAsync("--image", picture, "--class", "1");

        var same = await EditAsync("--image", picture, "--class", "1");
        var other = await EditAsync("--image", Write("other.png", 16, 16, transparentFrom: 4), "--class", "1");

        Assert.Equal((0, 1), (same.ExitCode, other.ExitCode));
        Assert.Contains("already exists with other contents", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_OfAnEditInItsOwnPlace_IsNotReplacedEvenWithOverwrite()
    {
        var mask = Write("mask.png", 16, 16, transparentFrom: 8);
        await EditAsync("--image", mask, "--class", "1");
        var before = File.ReadAllBytes(Out("class_1/0.png"));

        var run = await EditAsync("--image", Out("class_1/0.png"), "--mask", mask, "--class", "1", "--overwrite");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{Out("class_1/0.png")}: is read by this command and would be overwritten.", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Out("class_1/0.png")));
    }

    [Fact]
    public async Task Edit_FullMask_IsTheImageThatGenerateDraws()
    {
        await EditAsync("--image", Write("photo.png", 16, 16, transparentFrom: 0), "--class", "1", "--seed", "9");
        await CommandRun.Of("generate", "--bundle", _bundle.Directory, "--output", _folder.File("plain"), "--class", "1", "--seed", "9");

        var plain = ImageCodec.Decode(File.ReadAllBytes(_folder.File("plain/class_1/9.png")));
        Assert.Equal(plain.Pixels, ImageCodec.Decode(File.ReadAllBytes(Out("class_1/9.png"))).Pixels);
    }

    [Fact]
    public async Task Edit_ModelWithoutFineStage_IsMadeAgain()
    {
        using var plain = new TinyBundle(plain: true);
        var picture = Write("photo.png", 16, 16, transparentFrom: 8);
        var edit = await CommandRun.Of("edit", "--bundle", plain.Directory, "--output", _folder.File("out"), "--image", picture, "--class", "1");

        var run = await CommandRun.Of(
            "generate", "--bundle", plain.Directory, "--output", _folder.File("again"), "--from", Out("class_1/0.png"), "--original", picture);

        Assert.True(edit.ExitCode == 0, edit.Error);
        Assert.Contains("\"identical\":true", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_TamperedMask_SaysWhatIsWrong()
    {
        var picture = Write("photo.png", 16, 16, transparentFrom: 8);
        await EditAsync("--image", picture, "--class", "1");
        var file = File.ReadAllBytes(Out("class_1/0.png"));
        var provenance = ImageFile.FindProvenance(file)!;
        var tampered = provenance with { Kept = provenance.Kept! with { Mask = [100, 100] } };
        File.WriteAllBytes(_folder.File("tampered.png"), ImageFile.Encode(ImageCodec.Decode(file), tampered, ImageFormat.Png));

        var run = await AgainAsync(_folder.File("tampered.png"), "--original", picture);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("tampered.png: its mask has 200 pixels, but the original has 16x16", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_OriginalWithoutFrom_IsAUsageError()
    {
        var run = await CommandRun.Of("generate", "--original", "photo.png");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--original belongs to edits that are reproduced with --from.", run.Error, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _bundle.Dispose();
        _folder.Dispose();
    }

    private Task<CommandRun> EditAsync(params string[] options) =>
        CommandRun.Of(["edit", "--bundle", _bundle.Directory, "--output", _folder.File("out"), .. options]);

    private Task<CommandRun> AgainAsync(string file, params string[] options) =>
        CommandRun.Of(["generate", "--bundle", _bundle.Directory, "--output", _folder.File("again"), "--from", file, .. options]);

    private string Out(string name) => Path.Combine(_folder.File("out"), name);

    /// <summary>Writes a PNG file of noise whose columns from one on are transparent.</summary>
    private string Write(string name, int width, int height, int transparentFrom)
    {
        var random = new Random(transparentFrom);
        File.WriteAllBytes(_folder.File(name), PngPicture.Of(
            width, height, (x, _) => (random.Next(256), random.Next(256), random.Next(256), x >= transparentFrom ? 0 : 255)));
        return _folder.File(name);
    }
}
