using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Tests.Bundles;
using CtfService.Model.TestSupport;

namespace CtfService.Model.Tests.Generation;

/// <summary>Usual labels in a bundle: an optional file that every kind of bundle may have.</summary>
public sealed class UsualLabelsRecorderTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Record_DrawnLabels_AreLoadedWithTheBundle(bool plain)
    {
        using var tiny = new TinyBundle(plain);
        var before = BundleReader.Open(tiny.Directory);
        File.WriteAllText(Path.Combine(tiny.Directory, "README.md"), "card");
        var finished = new List<int>();
        var usual = LayoutCounting.Draw(Factory(tiny), imagesPerClass: 3, finished.Add, CancellationToken.None);

        var recorded = UsualLabelsRecorder.Record(before, usual);

        Assert.Equal(Enumerable.Range(1, 3 * TinyBundle.Classes), finished);
        Assert.All(Enumerable.Range(0, TinyBundle.Classes), classId => Assert.True(usual.Covers(classId)));
        Assert.Equal([.. before.Manifest.Files.Select(file => file.Name), BundleFiles.UsualLabels], recorded.Manifest.Files.Select(file => file.Name));
        Assert.Equal(before.Manifest.Files, recorded.Manifest.Files.SkipLast(1));
        Assert.Equal(before.Hash, recorded.Hash);
        Assert.Equal("card", File.ReadAllText(Path.Combine(tiny.Directory, "README.md")));
        using var loaded = Factory(tiny).Load(CancellationToken.None);
        Assert.Equal(recorded.Hash, loaded.Model.BundleHash);
    }

    [Fact]
    public void Record_Again_ReplacesTheFile()
    {
        using var tiny = new TinyBundle();
        var first = UsualLabelsRecorder.Record(BundleReader.Open(tiny.Directory), Usual(label: 1));

        var second = UsualLabelsRecorder.Record(first, Usual(label: 2));

        Assert.Equal(first.Hash, second.Hash);
        Assert.Single(second.Manifest.Files, file => file.Name == BundleFiles.UsualLabels);
    }

    [Fact]
    public void Record_EvaluatedBundle_KeepsTheEvaluation()
    {
        using var tiny = new TinyBundle();
        var bundle = BundleReader.Open(tiny.Directory);
        EvaluationRecorder.Record(bundle, RecordedManifest.Of(bundle.Manifest).Evaluation!);

        Assert.NotNull(UsualLabelsRecorder.Record(bundle, Usual(label: 1)).Manifest.Evaluation);
    }

    [Fact]
    public void Record_BundleThatWasReplacedMeanwhile_IsRefused()
    {
        using var tiny = new TinyBundle();
        var counted = BundleReader.Open(tiny.Directory);
        var path = Path.Combine(tiny.Directory, BundleFiles.Manifest);
        File.WriteAllText(path, File.ReadAllText(path).Replace($"\"{counted.Manifest.Name}\"", "\"another\"", StringComparison.Ordinal));
        var manifest = File.ReadAllBytes(path);

        var error = Assert.Throws<CheckpointException>(() => UsualLabelsRecorder.Record(counted, Usual(label: 2)));

        Assert.Contains("is not the bundle whose labels were counted", error.Message, StringComparison.Ordinal);
        Assert.Equal(manifest, File.ReadAllBytes(path));
    }

    [Fact]
    public void Load_LabelsOfAnotherArchitecture_NamesTheFile()
    {
        using var tiny = new TinyBundle();
        new LabelCounts(TinyBundle.Classes, TinyBundle.Positions + 1, TinyBundle.Clusters).MostUsual()
            .Save(Path.Combine(tiny.Directory, BundleFiles.UsualLabels));
        BundleWriter.Write(tiny.Directory, BundleReader.Open(tiny.Directory).Manifest);

        var error = Assert.Throws<CheckpointException>(() => Factory(tiny).Load(CancellationToken.None));

        Assert.Contains($"{BundleFiles.UsualLabels}: labels is [5, 17, 16]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ListedFileIsMissing_IsNamed()
    {
        using var tiny = new TinyBundle();
        UsualLabelsRecorder.Record(BundleReader.Open(tiny.Directory), Usual(label: 1));
        File.Delete(Path.Combine(tiny.Directory, BundleFiles.UsualLabels));

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Open(tiny.Directory));

        Assert.Contains("usual-labels.safetensors is missing", error.Message, StringComparison.Ordinal);
    }

    private static CtfImageGeneratorFactory Factory(TinyBundle tiny) => new(tiny.Directory, () => ModelPlacement.Parse("cpu", "float32"), rows: 8);

    private static UsualLabels Usual(int label)
    {
        var counts = new LabelCounts(TinyBundle.Classes, TinyBundle.Positions, TinyBundle.Clusters);
        counts.Add(0, [.. Enumerable.Repeat(label, TinyBundle.Positions)]);
        return counts.MostUsual();
    }
}
