using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Reports;

/// <summary>What commands report about a data set before the work begins.</summary>
public sealed class SkippedImagesTests : IDisposable
{
    private static readonly byte[] Png = ImageCodec.Encode(new RgbImage(16, 16, new byte[16 * 16 * 3]), ImageFormat.Png);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TrainClassifier_TestClassesDiffer_AreNamedAndMeasuredByTheTrainingIds()
    {
        Add("train/b/0.png", "train/c/0.png", "train/d/0.png", "test/a/0.png", "test/c/0.png", "test/d/0.png", "test/z/0.png", "test/z/1.png", "test/z/x.tif");

        var run = await Train();

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("Left out 2 classes in test/, which train/ does not have: a (1 image), z (2 images).", run.Error, StringComparison.Ordinal);
        Assert.Contains("No images in test/ for 1 of the 3 classes: b.", run.Error, StringComparison.Ordinal);
        Assert.Contains("Skipped 1 file or folder in test/:", run.Error, StringComparison.Ordinal);
        Assert.Contains("  test/z/x.tif: an image in TIFF format, which is not supported; convert it to PNG", run.Error, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(["c", "d"], report.RootElement.GetProperty("classes").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task TrainClassifier_OneClass_FailsWithOneLine()
    {
        Add("train/cat/0.png", "test/cat/0.png");

        var run = await Train();

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            "ctf: The data set has one class, 'cat'; a classifier needs at least two. Add a folder of images for another class.",
            run.Error.TrimEnd());
    }

    [Fact]
    public async Task Experiment_OneClass_FailsWithOneLineBeforeAnythingIsTrained()
    {
        Add("train/cat/0.png", "test/cat/0.png");
        await File.WriteAllTextAsync(_folder.File("plan.json"), """{ "name": "tiny", "image_size": 16, "models": [{ "name": "plain" }] }""");

        var run = await CommandRun.Of("experiment", "--file", _folder.File("plan.json"), "--data", _folder.File("data"), "--output", _folder.File("out"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("The data set has one class, 'cat'", Assert.Single(run.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_folder.File("out"), "*", SearchOption.AllDirectories));
    }

    private Task<CommandRun> Train() => CommandRun.Of(
        "train-classifier", "--data", _folder.File("data"), "--output", _folder.File("classifier.safetensors"),
        "--image-size", "16", "--steps", "1", "--batch", "2");

    private void Add(params string[] names)
    {
        foreach (var name in names)
        {
            var path = _folder.File($"data/{name}");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, name.EndsWith(".tif", StringComparison.Ordinal) ? [.. "II*\0"u8, .. new byte[8]] : Png);
        }
    }
}
