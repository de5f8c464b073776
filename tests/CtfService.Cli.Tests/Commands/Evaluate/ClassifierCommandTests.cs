using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Cli.Tests.Commands.Evaluate;

public sealed class ClassifierCommandTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("ctf-cli").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task TrainThenClassify_TwoColours_ReportsAccuracyAsJson()
    {
        WriteImages("train");
        WriteImages("test");
        File.WriteAllText(Path.Combine(_root, "train", "red", "broken.jpg"), "not an image");
        var classifier = Path.Combine(_root, "made", "classifier.safetensors");

        var trained = await CommandRun.Of("train-classifier", "--data", _root, "--output", classifier, "--image-size", "16", "--steps", "30", "--batch", "8");
        var classified = await CommandRun.Of("classify", "--images", Path.Combine(_root, "test"), "--classifier", classifier);

        Assert.Equal((0, 0), (trained.ExitCode, classified.ExitCode));
        Assert.Contains("train/red/broken.jpg", trained.Error, StringComparison.Ordinal);
        Assert.Contains("classifier 30/30: loss ", trained.Error, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(classified.Output);
        Assert.Equal(1, report.RootElement.GetProperty("accuracy").GetDouble());
        Assert.Equal(8, report.RootElement.GetProperty("images").GetInt32());
        Assert.Equal("red", report.RootElement.GetProperty("classes")[1].GetProperty("name").GetString());
    }

    [Fact]
    public async Task TrainThenClassify_ListOfClassNames_NamesTheFolders()
    {
        WriteImages("train");
        WriteImages("test");
        var names = Path.Combine(_root, "names.txt");
        await File.WriteAllTextAsync(names, "red\tcherry\ngreen\tlime, Citrus\n");
        var classifier = Path.Combine(_root, "classifier.safetensors");

        var trained = await CommandRun.Of(
            "train-classifier", "--data", _root, "--class-names", names, "--output", classifier, "--image-size", "16", "--steps", "2", "--batch", "8");
        var classified = await CommandRun.Of("classify", "--data", _root, "--split", "test", "--class-names", names, "--classifier", classifier);

        Assert.Equal((0, 0), (trained.ExitCode, classified.ExitCode));
        using var report = JsonDocument.Parse(classified.Output);
        Assert.Equal(["cherry", "lime"], report.RootElement.GetProperty("classes").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData(null, "There is no file of class names at")]
    [InlineData("red", "has the class folder 'green', which")]
    [InlineData("red cherry\nn01440764 tench", "1 of its 2 lines have a key before the name")]
    public async Task Train_UnusableListOfClassNames_SaysWhatIsWrong(string? list, string message)
    {
        WriteImages("train");
        WriteImages("test");
        var names = Path.Combine(_root, "names.txt");
        if (list is not null)
        {
            await File.WriteAllTextAsync(names, list);
        }

        var run = await CommandRun.Of("train-tokenizer", "--data", _root, "--class-names", names, "--run", Path.Combine(_root, "run"), "--image-size", "16");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_OutputExists_ReplacesOnlyAClassifier()
    {
        WriteImages("train");
        WriteImages("test");
        var (classifier, other) = (Path.Combine(_root, "classifier.safetensors"), Path.Combine(_root, "notes.txt"));
        await File.WriteAllTextAsync(other, "years of work");
        string[] train = ["train-classifier", "--data", _root, "--image-size", "16", "--steps", "1", "--batch", "4", "--output"];

        var (first, again, refused) = (
            await CommandRun.Of([.. train, classifier]),
            await CommandRun.Of([.. train, classifier]),
            await CommandRun.Of([.. train, other]));

        Assert.Equal((0, 0, 1), (first.ExitCode, again.ExitCode, refused.ExitCode));
        Assert.Contains("classifier.safetensors: will be replaced.", again.Error, StringComparison.Ordinal);
        Assert.Contains("notes.txt' already exists and is not a classifier. Choose another name.", refused.Error, StringComparison.Ordinal);
        Assert.Equal("years of work", await File.ReadAllTextAsync(other));
    }

    [Fact]
    public async Task Train_Interrupted_ExitsWith130AndSavesNothing()
    {
        WriteImages("train");
        WriteImages("test");
        using var interrupt = new CancellationTokenSource();
        interrupt.Cancel();
        var classifier = Path.Combine(_root, "classifier.safetensors");

        var run = await CommandRun.Of(interrupt.Token, "train-classifier", "--data", _root, "--output", classifier);

        Assert.Equal(130, run.ExitCode);
        Assert.False(File.Exists(classifier));
    }

    private void WriteImages(string split)
    {
        for (byte i = 0; i < 4; i++)
        {
            WriteImage($"{split}/red/{i}.png", (byte)(200 + i), 40);
            WriteImage($"{split}/green/{i}.png", 40, (byte)(200 + i));
        }
    }

    private void WriteImage(string name, byte red, byte green)
    {
        var path = Path.Combine(_root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] pixels = [.. Enumerable.Range(0, 16 * 16).SelectMany(_ => new byte[] { red, green, 40 })];
        File.WriteAllBytes(path, ImageCodec.Encode(new RgbImage(16, 16, pixels), ImageFormat.Png));
    }
}
