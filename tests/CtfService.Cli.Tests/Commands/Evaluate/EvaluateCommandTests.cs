using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CtfService.Model.Bundles;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Evaluate;

public sealed class EvaluateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Classifier => _folder.File("classifier.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Evaluate_Bundle_WritesReportPageAndImages()
    {
        using var bundle = new TinyBundle();
        await PrepareAsync();

        var run = await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "4", "--temperature", "0.5", "--device", "cpu");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(20, report.RootElement.GetProperty("images").GetInt32());
        Assert.Equal(0.5, report.RootElement.GetProperty("model").GetProperty("coarse").GetProperty("temperature").GetDouble());
        Assert.Equal(
            ["temperature", "top_k", "top_p", "guidance_scale", "guidance_interval"],
            report.RootElement.GetProperty("model").GetProperty("coarse").EnumerateObject().Select(setting => setting.Name));
        Assert.Equal("classifier", report.RootElement.GetProperty("features")[0].GetProperty("extractor").GetString());
        Assert.Equal(run.Output, File.ReadAllText(_folder.File("out/report.json")));
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(_folder.File("out/report.html")), StringComparison.Ordinal);
        Assert.Equal(20, Directory.GetFiles(_folder.File("out/images"), "*.png", SearchOption.AllDirectories).Length);
        Assert.Contains("images 20/20:", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_SecondTime_GeneratesNothingAndReportsTheSame()
    {
        using var bundle = new TinyBundle();
        await PrepareAsync();
        var first = await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "4", "--device", "cpu");

        var second = await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "4", "--device", "cpu");

        Assert.Equal(first.Output, second.Output);
        Assert.DoesNotContain(second.Error.Split('\n'), line => line.StartsWith("images ", StringComparison.Ordinal));
        Assert.DoesNotContain("real images", second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_Images_NeedsNoModel()
    {
        await PrepareAsync();

        var run = await EvaluateAsync("--images", _folder.File("data/test"), "--image-size", "16");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("model").ValueKind);
        Assert.Equal(0, report.RootElement.GetProperty("features")[0].GetProperty("generated").GetProperty("fid").GetDouble()
            - report.RootElement.GetProperty("features")[0].GetProperty("test").GetProperty("fid").GetDouble(), 1e-9); // the images are the test images
    }

    [Fact]
    public async Task Evaluate_OneSetWithoutSplits_IsTheReference()
    {
        await PrepareAsync();

        var run = await CommandRun.Of(
            "evaluate", "--data", _folder.File("data/train"), "--images", _folder.File("data/test"), "--image-size", "16", "--classifier", Classifier,
            "--output", _folder.File("out"), "--cache", _folder.File("cache"));

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains("50 training images of 5 classes and no test images", run.Error, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("features")[0].GetProperty("test").ValueKind);
        Assert.Equal("pixel_neighbours", report.RootElement.GetProperty("missing")[0].GetProperty("figure").GetString());
    }

    [Fact]
    public async Task Evaluate_StatisticsOfOtherFeatures_AreRejectedWithAdvice()
    {
        await PrepareAsync();
        using (var zip = ZipFile.Open(_folder.File("statistics.npz"), ZipArchiveMode.Create))
        {
            Write(zip, "mu.npy", "(1,)");
            Write(zip, "sigma.npy", "(1, 1)");
        }

        var run = await CommandRun.Of(
            "evaluate", "--data", _folder.File("statistics.npz"), "--images", _folder.File("data/test"), "--image-size", "16", "--classifier", Classifier,
            "--output", _folder.File("out"), "--cache", _folder.File("cache"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("statistics of 1 features; the extractors have other numbers: classifier (128)", run.Error, StringComparison.Ordinal);
        Assert.Contains("--inception", run.Error, StringComparison.Ordinal);

        static void Write(ZipArchive zip, string name, string shape)
        {
            var header = $"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
            using var entry = zip.CreateEntry(name).Open();
            entry.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. new byte[8]]);
        }
    }

    [Fact]
    public async Task Evaluate_OtherSettingsInTheSameFolder_SaysWhatDiffers()
    {
        using var bundle = new TinyBundle();
        await PrepareAsync();
        await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "4", "--device", "cpu");

        var run = await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "4", "--device", "cpu", "--seed", "8");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("seed 0, not 8. Choose another folder", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_WrongInceptionFile_IsRejectedBeforeAnyImageIsGenerated()
    {
        await PrepareAsync();

        var run = await EvaluateAsync("--bundle", "/nowhere", "--inception", Classifier);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("missing: Conv2d_1a_3x3.conv.weight [32, 3, 3, 3]", run.Error, StringComparison.Ordinal);
        Assert.Contains("unexpected: head.bias [5]", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--images needs no model. Omit --seed, --temperature.", "--images", "x", "--seed", "4", "--temperature", "1")]
    [InlineData("--image-size needs --images", "--image-size", "32")]
    [InlineData("--guidance-scale is '0.5', expected a number, 1 to 1000", "--guidance-scale", "0.5")]
    [InlineData("--per-class is '3', expected a whole number, 4 to 1000000", "--per-class", "3")]
    [InlineData("--seeds needs --dtype all.", "--seeds", "3")]
    [InlineData("--record needs --dtype all.", "--record", "--dtype", "int8")]
    [InlineData("--record needs at least 3 --seeds", "--record", "--dtype", "all", "--seeds", "2")]
    [InlineData("--record is for the sampling of the bundle. Omit --guidance-scale.", "--record", "--dtype", "all", "--guidance-scale", "2")]
    [InlineData("Omit --inception.", "--dtype", "all", "--inception", "x")]
    [InlineData("compares the formats of the CPU. Omit --device.", "--dtype", "all", "--device", "cuda")]
    [InlineData("--dtype is 'every', expected auto, float32, bfloat16, float16, or int8 on the CPU, or all.", "--dtype", "every")]
    [InlineData("--images needs no model. Omit --dtype, --record.", "--images", "x", "--dtype", "all", "--record")]
    public async Task Evaluate_OptionsThatDoNotFit_AreAUsageError(string message, params string[] options)
    {
        var run = await CommandRun.Of(["evaluate", "--data", "x", .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_MissingData_IsReportedFirst()
    {
        var run = await CommandRun.Of("evaluate", "--data", "nope", "--classifier", "/nowhere/classifier.safetensors");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("ctf: --data is 'nope', which does not exist.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_AllFormats_ComparesThemAndRecordsThemInTheManifest()
    {
        using var bundle = new TinyBundle();
        await PrepareAsync();
        var before = BundleReader.Open(bundle.Directory);
        string[] options = ["--bundle", bundle.Directory, "--per-class", "4", "--dtype", "all", "--seed", "5"];

        var compared = await EvaluateAsync(options);
        var unrecorded = BundleReader.Open(bundle.Directory).Manifest.Evaluation;
        var run = await EvaluateAsync([.. options, "--record"]);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal(compared.Output, run.Output); // the second time nothing is generated
        Assert.Null(unrecorded);
        Assert.Matches(@"^\| format \|.*\n\|[-|]+\n\| float32 \| .* ± .* % \| .* ± .* \| yes \|\n\| bfloat16 \|.*\n\| int8 \|.*\n$", run.Output);
        Assert.True(File.Exists(_folder.File("out/formats.json")));
        Assert.Equal(60, Directory.GetFiles(_folder.File("out"), "*.png", SearchOption.AllDirectories).Length / 3);
        var recorded = BundleReader.Open(bundle.Directory);
        var evaluation = recorded.Manifest.Evaluation!;
        Assert.Equal([5ul, 6, 7], evaluation.Seeds);
        Assert.Equal((4, 50, 3), (evaluation.ImagesPerClass, evaluation.TrainImages, evaluation.Formats.Count));
        Assert.Equal(before.Hash, recorded.Hash);
        Assert.Equal(before.Manifest.Files, recorded.Manifest.Files);
        var inspected = await CommandRun.Of("inspect", bundle.Directory);
        Assert.Contains("float32: class accuracy ", inspected.Output, StringComparison.Ordinal);
        Assert.Contains("counts as equal to float32", inspected.Output, StringComparison.Ordinal);
    }

    private Task<CommandRun> EvaluateAsync(params string[] options) => CommandRun.Of(
        [
            "evaluate", "--data", _folder.File("data"), "--classifier", Classifier, "--output", _folder.File("out"), "--cache", _folder.File("cache"),
            .. options,
        ]);

    private Task PrepareAsync() => TinyRealImages.WriteAsync(_folder.File("data"), Classifier);
}
