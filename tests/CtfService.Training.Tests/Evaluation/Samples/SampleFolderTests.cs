using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using CtfService.Training.Evaluation.Samples;
using CtfService.Training.Progress;

namespace CtfService.Training.Tests.Evaluation.Samples;

public sealed class SampleFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeImageGenerator _generator = new(FakeModels.Fruits) { Rows = 6 };

    private static SamplePlan Plan => SamplePlan.Default(FakeModels.Fruits, perClass: 4, seed: 3);

    private string Records => _folder.File("samples.jsonl");

    public void Dispose()
    {
        _generator.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Draw_NewFolder_DrawsEveryClassInTurn()
    {
        var samples = Draw();

        Assert.Equal([.. Enumerable.Range(0, 20).Select(i => i % 5)], samples.Images.ClassIds);
        Assert.Equal(FakeModels.Fruits.Classes.Labels.Select(label => label.Name), samples.Images.ClassNames);
        Assert.All(samples.Tokens, tokens => Assert.Equal(FakeModels.Fruits.TokenCount, tokens.Count));
        Assert.Equal(20, samples.Images.Images.Select(Convert.ToHexString).Distinct().Count());
        Assert.InRange(samples.ImagesPerSecond, double.Epsilon, double.MaxValue);
    }

    [Fact]
    public void Draw_NewFolder_WritesFilesWithTheirProvenance()
    {
        Draw();

        var file = File.ReadAllBytes(Path.Combine(_folder.Root, "images", "red apple", "00002.png"));
        var provenance = ImageFile.FindProvenance(file)!;
        Assert.Equal(("red apple", FakeModels.Fruits.BundleHash), (provenance.ClassLabel, provenance.BundleHash));
        Assert.Equal(Plan.Samples(5).Single(sample => sample is { ClassId: 2, Index: 2 }).Specification.Seed, provenance.Seed);
    }

    [Fact]
    public void Draw_Interrupted_ResumesWhereItStopped()
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Draw(new StopAfter(7, stop), stop.Token));
        var kept = File.ReadLines(Records).Count();
        var before = DrawnImages(); // some were in progress when the run stopped

        var samples = Draw();

        Assert.InRange(kept, 7, 19);
        Assert.Equal(20 - kept, DrawnImages() - before);
        using var other = new TemporaryFolder();
        using var fresh = new FakeImageGenerator(FakeModels.Fruits);
        var uninterrupted = new SampleFolder(other.Root).Draw(fresh, Plan, NoProgress.Instance);
        Assert.Equal(uninterrupted.Images.Images, samples.Images.Images);
        Assert.Equal(uninterrupted.Tokens, samples.Tokens);
    }

    [Fact]
    public void Draw_MoreOfEachClass_KeepsTheExistingOnes()
    {
        var few = Draw();

        var more = new SampleFolder(_folder.Root).Draw(_generator, Plan with { PerClass = 6 }, NoProgress.Instance);

        Assert.Equal(30, DrawnImages());
        Assert.Equal(few.Images.Images, more.Images.Images.Take(20));
    }

    [Fact]
    public void Draw_TornLineAndLostFile_DrawsThoseTwoAgain()
    {
        var whole = Draw();
        var lines = File.ReadAllText(Records).TrimEnd();
        File.WriteAllText(Records, lines[..^5]);
        File.Delete(Path.Combine(_folder.Root, "images", "apple", "00001.png"));

        var again = Draw();

        Assert.Equal(22, DrawnImages());
        Assert.Equal(whole.Images.Images, again.Images.Images);
        Assert.Equal(21, File.ReadLines(Records).Count()); // the deleted file has two lines
    }

    [Fact]
    public void Draw_OtherSampling_SaysWhatDiffers()
    {
        Draw();

        var exception = Assert.Throws<InvalidDataException>(() => new SampleFolder(_folder.Root).Draw(
            _generator, Plan with { Seed = 4, Fine = new SamplingSettings(Temperature: 0.5f) }, NoProgress.Instance));

        Assert.Contains("seed 3, not 4", exception.Message, StringComparison.Ordinal);
        Assert.Contains("fine sampling", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("coarse sampling", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Choose another folder", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_AnyClasses_HasASeedForEachImage()
    {
        Assert.Equal(20, Plan.Samples(5).Select(sample => sample.Specification.Seed).Distinct().Count());
    }

    private DrawnSamples Draw(ITrainingProgress? progress = null, CancellationToken cancellation = default) =>
        new SampleFolder(_folder.Root).Draw(_generator, Plan, progress ?? NoProgress.Instance, cancellation);

    /// <summary>Number of generated images; each takes one step.</summary>
    private int DrawnImages() => _generator.Steps.Sum(images => images.Count);

    private sealed class StopAfter(long images, CancellationTokenSource stop) : ITrainingProgress
    {
        public void Report(TrainingReport report)
        {
            if (report.Step >= images)
            {
                stop.Cancel();
            }
        }
    }
}
