using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Generate;

public sealed class GenerateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyBundle _bundle = new();

    [Fact]
    public async Task Generate_SeveralClassesAndSettings_UsesThem()
    {
        var run = await GenerateAsync(
            "--class", "class_1", "3", "--seed", "5", "--guidance-scale", "1.25", "--temperature", "0.5", "--top-k", "3", "--top-p", "0.9",
            "--fine-temperature", "0.25", "--fine-top-k", "2", "--fine-top-p", "0.75", "--fine-guidance-scale", "2");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal([Out("class_1/5.png"), Out("class_3/5.png")], Files(run));
        var provenance = ImageFile.FindProvenance(File.ReadAllBytes(Out("class_3/5.png")))!;
        Assert.Equal((1.25f, 0.5f, 3, 0.9f), (provenance.Coarse!.GuidanceScale, provenance.Coarse.Temperature, provenance.Coarse.TopK, provenance.Coarse.TopP));
        Assert.Equal((2, 0.25f, 2, 0.75f), (provenance.Fine!.GuidanceScale, provenance.Fine.Temperature, provenance.Fine.TopK, provenance.Fine.TopP));
    }

    [Theory]
    [InlineData("png", "0.png", ImageFormat.Png, null)]
    [InlineData("jpeg", "0.jpg", ImageFormat.Jpeg, 35)]
    [InlineData("webp", "0.webp", ImageFormat.Webp, 35)]
    public async Task Generate_Format_IsTheFormatOfTheFile(string format, string name, ImageFormat expected, int? quality)
    {
        await GenerateAsync("--class", "0", "--format", format, "--quality", "35");

        var file = File.ReadAllBytes(Out($"class_0/{name}"));
        Assert.Equal(expected, ImageFile.Recognize(file));
        Assert.Equal(quality, ImageFile.FindProvenance(file)!.Quality);
    }

    [Theory]
    [InlineData("sheet.png", ImageFormat.Png)]
    [InlineData("new/sheet.jpg", ImageFormat.Jpeg)]
    [InlineData("new/folder/sheet.WEBP", ImageFormat.Webp)]
    public async Task Generate_Sheet_HasTheFormatOfItsExtension(string name, ImageFormat expected)
    {
        var run = await GenerateAsync("--class", "0", "--count", "2", "--sheet", _folder.File(name));

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(expected, ImageFile.Recognize(File.ReadAllBytes(_folder.File(name))));
    }

    [Theory]
    [InlineData("--sheet is 'x.gif', expected a file name with the extension .png, .jpg, .jpeg or .webp.", "--sheet", "x.gif")]
    [InlineData("--sheet shows one class or every class, not 2 of 5", "--class", "0", "1", "--sheet", "x.png")]
    [InlineData("--max-window is '33', expected a whole number, 1 to 32.", "--class", "0", "--max-window", "33")]
    [InlineData("has no class 'klass_1'. Did you mean class_1", "--class", "klass_1")]
    [InlineData("pixels, more than a .webp file supports", "--class", "0", "--count", "2000", "--columns", "2000", "--sheet", "x.webp")]
    public async Task Generate_OptionsThatDoNotFit_AreUsageErrors(string message, params string[] options)
    {
        var run = await GenerateAsync(options);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Generate_FileOfOtherSettings_IsNotReplacedWithoutOverwrite()
    {
        await GenerateAsync("--class", "0");
        var before = File.ReadAllBytes(Out("class_0/0.png"));

        var same = await GenerateAsync("--class", "0");
        var other = await GenerateAsync("--class", "0", "--temperature", "0.5");
        var after = File.ReadAllBytes(Out("class_0/0.png"));
        var replaced = await GenerateAsync("--class", "0", "--temperature", "0.5", "--overwrite");

        Assert.Equal((0, 1, 0), (same.ExitCode, other.ExitCode, replaced.ExitCode));
        Assert.Contains(
            "already exists with other contents. Choose another folder or file, or add --overwrite to replace it.",
            other.Error,
            StringComparison.Ordinal);
        Assert.Empty(other.Output);
        Assert.Equal(before, after);
        Assert.NotEqual(before, File.ReadAllBytes(Out("class_0/0.png")));
    }

    [Fact]
    public async Task Generate_ExistingSheet_IsNotReplacedWithoutOverwrite()
    {
        File.WriteAllText(_folder.File("sheet.png"), "mine");

        var run = await GenerateAsync("--class", "0", "--sheet", _folder.File("sheet.png"));

        Assert.Equal(1, run.ExitCode);
        Assert.False(File.Exists(Out("class_0/0.png")));
        Assert.Equal("mine", File.ReadAllText(_folder.File("sheet.png")));
    }

    [Fact]
    public async Task Generate_OutputIsAFile_IsRejectedBeforeTheModelIsLoaded()
    {
        File.WriteAllText(_folder.File("out"), "");

        var run = await CommandRun.Of("generate", "--bundle", "/nowhere", "--output", _folder.File("out"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"ctf: --output is '{_folder.File("out")}', and ctf cannot write there", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_ClassNamesThatArePaths_StayBelowTheOutput()
    {
        var manifest = Path.Combine(_bundle.Directory, "model.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest)
            .Replace("\"class_0\"", $"\"{_folder.File("absolute")}\"", StringComparison.Ordinal)
            .Replace("\"class_1\"", "\"../../outside\"", StringComparison.Ordinal)
            .Replace("\"class_2\"", "\"AC/DC\"", StringComparison.Ordinal)
            .Replace("\"class_3\"", "\"AC_DC\"", StringComparison.Ordinal));

        var run = await GenerateAsync();

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(5, Files(run).Distinct().Count());
        Assert.All(Files(run), file => Assert.StartsWith(_folder.File("out") + Path.DirectorySeparatorChar, Path.GetFullPath(file), StringComparison.Ordinal));
        Assert.Equal(5, Directory.GetFiles(_folder.Root, "*.png", SearchOption.AllDirectories).Length);
        Assert.Contains("\"class_label\":\"../../outside\"", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_TwoFilesWithOneName_AreRejected()
    {
        await GenerateAsync("--class", "0", "1");

        var run = await CommandRun.Of(
            "generate", "--bundle", _bundle.Directory, "--output", _folder.File("again"), "--from", Out("class_0/0.png"), Out("class_1/0.png"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("would both be written to", run.Error, StringComparison.Ordinal);
    }

    /// <summary>Version 0.2.0 named no sampler and drew with the inverse CDF.</summary>
    [Fact]
    public async Task GenerateFrom_FileOfVersion020_HasTheSameBytes()
    {
        var file = DrawAsVersion020(SamplingMethod.InverseCdf);

        var run = await CommandRun.Of("generate", "--bundle", _bundle.Directory, "--output", _folder.File("again"), "--from", file);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("\"identical\":true", run.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_folder.File("again/old.png")));
    }

    [Fact]
    public async Task GenerateFrom_PixelsThatDiffer_NamesThisVersionInTheNewFile()
    {
        var file = DrawAsVersion020(SamplingMethod.GumbelMax); // which it could not

        var run = await CommandRun.Of("generate", "--bundle", _bundle.Directory, "--output", _folder.File("again"), "--from", file);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("was made by CtfService 0.2.0, this is", run.Error, StringComparison.Ordinal);
        var again = ImageFile.FindProvenance(File.ReadAllBytes(_folder.File("again/old.png")))!;
        Assert.Equal((ImageProvenance.ThisSoftware, "inverse_cdf"), (again.Software, again.Sampler));
    }

    public void Dispose()
    {
        _bundle.Dispose();
        _folder.Dispose();
    }

    private Task<CommandRun> GenerateAsync(params string[] options) =>
        CommandRun.Of(["generate", "--bundle", _bundle.Directory, "--output", _folder.File("out"), .. options]);

    private string DrawAsVersion020(SamplingMethod method)
    {
        using var generator = new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", "float32")).Load(CancellationToken.None);
        var specification = new ImageSpecification(1, 5, new SamplingSettings(0.8f, TopP: 0.9f), new SamplingSettings()) { Method = method };
        var image = generator.Generate([specification], CancellationToken.None).Single().Image;
        var provenance = ImageProvenance.Of(generator.Model, specification) with { Software = "CtfService 0.2.0", Sampler = null };
        File.WriteAllBytes(_folder.File("old.png"), ImageFile.Encode(image, provenance, ImageFormat.Png));
        return _folder.File("old.png");
    }

    private string Out(string name) => Path.Combine(_folder.File("out"), name);

    private static List<string> Files(CommandRun run) =>
        [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("file").GetString()!)];
}
