using CtfService.Model.Bundles;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Generate;

/// <summary>The element type of <c>ctf generate</c> with a bundle that allows all of them.</summary>
public sealed class ElementTypeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyBundle _bundle = new();

    public ElementTypeTests()
    {
        var bundle = BundleReader.Open(_bundle.Directory);
        EvaluationRecorder.Record(bundle, new BundleEvaluation
        {
            Software = "CtfService 0.0.0",
            Weights = BundleEvaluation.WeightsOf(bundle.Manifest.Files),
            Sampler = "gumbel_max",
            Coarse = bundle.Manifest.Sampling.Coarse,
            Fine = bundle.Manifest.Sampling.Fine,
            Seeds = [0, 1, 2],
            ImagesPerClass = 100,
            TrainImages = 1_000,
            ExtractorHash = "a",
            Formats = [.. FormatRule.Formats.Select(format => new FormatFigures(format, 0.5, 0.1, 0.9, 0.1))],
        });
    }

    public void Dispose()
    {
        _bundle.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Generate_Auto_SaysAndRecordsWhatItChose()
    {
        var run = await GenerateAsync("made");

        var dtype = ImageFile.FindProvenance(await File.ReadAllBytesAsync(Made("made")))!.Dtype;
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(dtype, FormatRule.Formats);
        Assert.Equal(dtype != "float32", run.Error.Contains($"Computing in {dtype}, which --dtype auto chose: one thread", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    [InlineData("int8")]
    public async Task GenerateFrom_File_ComputesInTheTypeOfTheFile(string dtype)
    {
        await GenerateAsync("made", "--dtype", dtype);

        var run = await CommandRun.Of("generate", "--from", Made("made"), "--bundle", _bundle.Directory, "--output", _folder.File("again"));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("\"identical\":true", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_OtherTypeThanTheFile_SaysWhyItMayDiffer()
    {
        await GenerateAsync("made", "--dtype", "float32");

        var run = await CommandRun.Of(
            "generate", "--from", Made("made"), "--dtype", "int8", "--bundle", _bundle.Directory, "--output", _folder.File("again"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("It was computed on cpu in float32, now on cpu in int8, where rounding differs.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateFrom_FileWithoutAType_ComputesInFloat32AsWhenItWasMade()
    {
        await GenerateAsync("made", "--dtype", "float32");
        var file = await File.ReadAllBytesAsync(Made("made"));
        var provenance = ImageFile.FindProvenance(file)! with { Dtype = null, Device = "cpu" };
        var old = _folder.File("old.png");
        await File.WriteAllBytesAsync(old, ImageFile.Encode(ImageCodec.Decode(file), provenance, Core.Generation.ImageFormat.Png));

        await CommandRun.Of("generate", "--from", old, "--bundle", _bundle.Directory, "--output", _folder.File("again"));

        Assert.Equal("float32", ImageFile.FindProvenance(await File.ReadAllBytesAsync(_folder.File("again/old.png")))!.Dtype);
    }

    private Task<CommandRun> GenerateAsync(string folder, params string[] options) => CommandRun.Of(
        ["generate", "--class", "class_1", "--device", "cpu", "--bundle", _bundle.Directory, "--output", _folder.File(folder), .. options]);

    private string Made(string folder) => Directory.GetFiles(_folder.File(folder), "*.png", SearchOption.AllDirectories).Single();
}
