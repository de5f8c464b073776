using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Datasets.Finishing;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using CtfService.Training.Classification;
using CtfService.Training.Data.Formats;
using TorchSharp;

namespace CtfService.Cli.Tests.Commands.Datasets;

public sealed class DatasetCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyBundle _bundle = new();

    [Fact]
    public async Task Dataset_PerClass_MakesAnImageFolderWithProvenance()
    {
        var run = await RunAsync("--per-class", "2", "--seed", "7");

        Assert.True(run.ExitCode == 0, run.Error);
        var summary = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(10, summary.GetProperty("images").GetInt32());
        Assert.False(summary.TryGetProperty("rejected", out _));
        var lines = Lines("metadata.jsonl");
        Assert.Equal(10, lines.Select(line => line.GetProperty("seed").GetUInt64()).Distinct().Count());
        Assert.All(lines, line =>
        {
            var file = File.ReadAllBytes(Out(line.GetProperty("file_name").GetString()!));
            Assert.Equal(line.GetProperty("seed").GetUInt64(), ImageFile.FindProvenance(file)!.Seed);
            Assert.Equal(line.GetProperty("label_name").GetString(), ImageFile.FindProvenance(file)!.ClassLabel);
        });
        Assert.Equal([0UL, 7UL], [ImageSeed.Derive(7, 0) - 7, lines[0].GetProperty("seed").GetUInt64()]);
    }

    [Fact]
    public async Task Dataset_Counts_MakesThatManyOfEachClass()
    {
        await File.WriteAllTextAsync(_folder.File("counts.json"), """{"class_1": 2, "3": 1}""");

        var run = await RunAsync("--counts", _folder.File("counts.json"), "--format", "webdataset", "--image-format", "webp", "--name", "train");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal([0, 2, 0, 1, 0], DatasetManifest.Find(Out(""))!.Classes.Select(label => label.Images));
        Assert.True(File.Exists(Out("train-000000.tar")));
    }

    [Theory]
    [InlineData("imagefolder")]
    [InlineData("webdataset")]
    [InlineData("npz")]
    [InlineData("parquet")]
    public async Task Dataset_AnyFormat_IsReadByTheOtherCommands(string format)
    {
        var run = await RunAsync("--per-class", "2", "--class", "1", "3", "--format", format);

        Assert.True(run.ExitCode == 0, run.Error);
        var counts = ImageCounts.Of(Out(""));
        Assert.Empty(counts.Skipped);
        Assert.Equal([("class_1", 2), ("class_3", 2)], counts.Classes.Where(count => count.Value > 0).Select(count => (count.Key, count.Value)).Order());
    }

    [Fact]
    public async Task Dataset_RunAgain_GeneratesNothing()
    {
        await RunAsync("--per-class", "1");
        var before = Directory.GetFiles(Out(""), "*", SearchOption.AllDirectories).ToDictionary(path => path, File.GetLastWriteTimeUtc);

        var run = await RunAsync("--per-class", "1");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(before, Directory.GetFiles(Out(""), "*", SearchOption.AllDirectories).ToDictionary(path => path, File.GetLastWriteTimeUtc));
    }

    [Theory]
    [InlineData("2", 1, 2)]
    [InlineData(null, 1, 2)]
    [InlineData("3", 2, 3)]
    public async Task Dataset_FillInPlace_AddsWhatIsMissing(string? perClass, int addedToFirst, int addedToSecond)
    {
        AddImage("class_0/a.png");
        AddImage("class_2/a.png");
        AddImage("class_2/b.png");
        await File.WriteAllTextAsync(Out("class_2/notes.txt"), "no image");
        AddImage("unknown/a.png");
        string[] options = ["--fill", Out(""), "--class", "0", "1", "2", .. perClass is null ? Array.Empty<string>() : ["--per-class", perClass]];

        var run = await RunAsync(options);
        var again = await RunAsync(options);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(
            [addedToFirst, addedToSecond, addedToSecond - 2], new[] { "class_0", "class_1", "class_2" }.Select(name => Added(name)));
        Assert.Contains("class_2/notes.txt: not an image", run.Error, StringComparison.Ordinal);
        Assert.Contains("unknown (1)", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("has enough images. Nothing to generate.", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dataset_KeepIf_KeepsImagesThatTheClassifierNames()
    {
        var run = await RunAsync("--per-class", "2", "--class", "0", "--keep-if", SaveClassifier(), "--min-probability", "0.9", "--format", "npz");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(0, JsonDocument.Parse(run.Output).RootElement.GetProperty("rejected").GetInt32());
        Assert.Empty(Lines("rejected.jsonl"));
    }

    [Theory]
    [InlineData("1", "0.1")] // another class is named
    [InlineData("0", "0.9999")] // the right class, with too small a probability
    public async Task Dataset_KeepIfNothing_GivesUpWithTheClass(string classId, string minProbability)
    {
        var run = await RunAsync("--per-class", "1", "--class", classId, "--keep-if", SaveClassifier(), "--min-probability", minProbability);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"100 images of class 'class_{classId}' in a row were rejected", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dataset_KeepIfOfOtherClasses_NamesThem()
    {
        var run = await RunAsync("--per-class", "1", "--keep-if", SaveClassifier("class_0", "class_1"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("does not know class_2, class_3, class_4", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dataset_AnotherPlanInTheSameFolder_SaysWhatDiffers()
    {
        await RunAsync("--per-class", "1");

        var run = await RunAsync("--per-class", "1", "--seed", "5", "--guidance-scale", "1.25");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("seed 0, not 5", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Name the number of images with --per-class, --counts or --fill.")]
    [InlineData("--counts says how many images of which class. Omit --per-class.", "--counts", "x.json", "--per-class", "2")]
    [InlineData("--min-probability needs the classifier of --keep-if.", "--per-class", "1", "--min-probability", "0.5")]
    [InlineData("--format npz stores pixels, not image files. Omit --quality.", "--per-class", "1", "--format", "npz", "--quality", "80")]
    [InlineData("name is 'a.b', expected", "--per-class", "1", "--name", "a.b")]
    [InlineData("--per-class is '0', expected", "--per-class", "0")]
    [InlineData("counts adds up to 50000000 images, expected 1 to 10000000", "--per-class", "10000000")]
    [InlineData("has no class 'klass_1'. Did you mean class_1", "--per-class", "1", "--class", "klass_1")]
    public async Task Dataset_OptionsThatDoNotFit_AreUsageErrors(string message, params string[] options)
    {
        var run = await RunAsync(options);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[1]""", "Expected an object with the number of images by class name or id")]
    [InlineData("""{"class_1": 1.5}""", "Expected an object with the number of images by class name or id")]
    [InlineData("""{"class_1": -1}""", "'class_1' is -1, expected 0 or more")]
    [InlineData("""{"class_1": 1, "1": 2}""", "names class 'class_1' twice")]
    public async Task Dataset_CountsThatAreNone_AreExplained(string json, string message)
    {
        await File.WriteAllTextAsync(_folder.File("counts.json"), json);

        var run = await RunAsync("--counts", _folder.File("counts.json"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dataset_Cancelled_SaysThatItContinues()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));

        var run = await CommandRun.Of(stop.Token, "dataset", "--bundle", _bundle.Directory, "--output", Out(""), "--per-class", "100000", "--device", "cpu");

        Assert.Equal(130, run.ExitCode);
    }

    public void Dispose()
    {
        _bundle.Dispose();
        _folder.Dispose();
    }

    private Task<CommandRun> RunAsync(params string[] options) =>
        CommandRun.Of(["dataset", "--bundle", _bundle.Directory, "--output", Out(""), "--device", "cpu", .. options]);

    private string Out(string name) => Path.TrimEndingDirectorySeparator(Path.Combine(_folder.File("out"), name));

    private List<JsonElement> Lines(string name) => [.. File.ReadAllLines(Out(name)).Select(line => JsonDocument.Parse(line).RootElement)];

    private int Added(string className) => Directory.Exists(Out(className)) ? Directory.GetFiles(Out(className), "images-*.png").Length : 0;

    private void AddImage(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Out(name))!);
        File.WriteAllBytes(Out(name), ImageCodec.Encode(new RgbImage(16, 16, new byte[16 * 16 * 3]), ImageFormat.Png));
    }

    /// <summary>Saves a classifier that names its first class with 95 %, whatever it sees.</summary>
    private string SaveClassifier(params string[] classNames)
    {
        using var classifier = new ImageClassifier(classNames is [] ? [.. Enumerable.Range(0, 5).Select(id => $"class_{id}")] : classNames, imageSize: 16);
        using var generator = new torch.Generator(1);
        using var inference = torch.no_grad();
        classifier.Initialize(generator);
        var head = classifier.named_parameters().Where(parameter => parameter.name.StartsWith("head", StringComparison.Ordinal)).ToDictionary();
        head["head.weight"].zero_();
        head["head.bias"].zero_()[0] = Math.Log(0.95 / (0.05 / 4));
        ClassifierFile.Save(classifier, _folder.File("classifier.safetensors"), testAccuracy: 0.2);
        return _folder.File("classifier.safetensors");
    }
}
