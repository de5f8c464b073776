using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;
using CtfService.Training.Tests.Data.Formats;

namespace CtfService.Training.Tests.Evaluation;

/// <summary>An evaluation of images in any format, without labels or test images, and of statistics.</summary>
public sealed class EvaluationSourcesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeFeatures _extractor = new();

    public void Dispose()
    {
        _extractor.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("metadata folder")]
    [InlineData("webdataset")]
    [InlineData("npz")]
    [InlineData("parquet")]
    public async Task Evaluate_SameImagesInAnotherFormat_GivesTheSameReport(string format)
    {
        var report = await ReportOfAsync(format);
        var expected = await ReportOfAsync("class folders");

        Assert.Equal(JsonSerializer.Serialize(expected), JsonSerializer.Serialize(report));
        Assert.True(report.Features[0].Generated.Fid > 0);
    }

    [Fact]
    public void Evaluate_StatisticsOfTheRealImages_GiveTheFidOfTheImages()
    {
        var (train, generated) = (NoisyImages.Of(30, 20, seed: 1), NoisyImages.Of(12, 12, seed: 3));
        var expected = Assert.Single(Evaluate(new EvaluationInputs(train, null, [_extractor], Cache), generated).Report.Features);
        using var statistics = FeatureStatistics.Load(StatisticsOf(train));
        var inputs = new EvaluationInputs(null, null, [_extractor], Cache) { Statistics = statistics };

        var result = Evaluate(inputs, generated);

        var features = Assert.Single(result.Report.Features);
        Assert.Equal(expected.Generated.Fid!.Value, features.Generated.Fid!.Value, 1e-9);
        Assert.Equal(expected.Generated.InceptionScore, features.Generated.InceptionScore);
        Assert.Equal((null, null, null, null), (features.Generated.Sfid, features.Generated.Precision, features.Halves.Fid, features.FidOverHalves));
        Assert.Contains(features.Missing, missing => missing.Figure == "generated.precision" && missing.Reason.Contains("only a statistics file"));
        Assert.Contains(features.Missing, missing => missing.Figure == "generated.sfid" && missing.Reason.Contains("mu_s"));
        Assert.Contains(result.Report.Missing, missing => missing.Figure == "pixel_neighbours");
        Assert.Equal((null, 24), (result.Report.Data.TrainImages, result.Report.Images));
        Assert.DoesNotContain("NaN", EvaluationPage.Of(result, inputs), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_StatisticsOfTheGeneratedImages_GiveTheFidOfTheImages()
    {
        var inputs = new EvaluationInputs(NoisyImages.Of(30, 20, seed: 1), NoisyImages.Of(9, 9, seed: 2), [_extractor], Cache);
        var generated = NoisyImages.Of(12, 12, seed: 3);
        var expected = Assert.Single(Evaluate(inputs, generated).Report.Features);
        using var statistics = FeatureStatistics.Load(StatisticsOf(generated, withSpatial: true));

        var result = new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(statistics);

        var features = Assert.Single(result.Report.Features);
        Assert.Equal(expected.Generated.Fid!.Value, features.Generated.Fid!.Value, 1e-9);
        Assert.Equal(expected.Generated.Sfid!.Value, features.Generated.Sfid!.Value, 1e-9);
        Assert.Equal(expected.Test!.Fid, features.Test!.Fid);
        Assert.Equal((null, null, null), (result.Report.Images, features.Generated.Images, features.Generated.Recall));
        Assert.Contains("statistics of generated images", EvaluationPage.Of(result, inputs), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_TwoStatistics_GiveTheirFid()
    {
        using var real = FeatureStatistics.Load(StoredSets.Statistics(_folder.File("a.npz"), [0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
        using var generated = FeatureStatistics.Load(StoredSets.Statistics(_folder.File("b.npz"), [3, 0, 0], [4, 0, 0, 0, 1, 0, 0, 0, 1]));
        var inputs = new EvaluationInputs(null, null, [_extractor], Cache) { Statistics = real };

        var result = new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(generated);

        Assert.Equal(10, Assert.Single(result.Report.Features).Generated.Fid!.Value, 1e-9); // 3^2 + (2 - 1)^2
        Assert.Contains("statistics of training images", EvaluationPage.Of(result, inputs), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_StatisticsOfOtherFeatures_AreRejectedWithBothNumbers()
    {
        using var statistics = FeatureStatistics.Load(StoredSets.Statistics(_folder.File("a.npz"), [0, 0], [1, 0, 0, 1]));
        var inputs = new EvaluationInputs(null, null, [_extractor], Cache) { Statistics = statistics };

        var exception = Assert.Throws<DatasetException>(() => Evaluate(inputs, NoisyImages.Of(9, 9, seed: 3)));

        Assert.Contains("statistics of 2 features; the extractors have other numbers: fake (3)", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 3)]
    [InlineData(2, 5)]
    public void Load_StatisticsThatDoNotFitTogether_AreRejected(int features, int covariances)
    {
        var path = StoredSets.Statistics(_folder.File("a.npz"), new double[features], new double[features * covariances]);

        var exception = Assert.Throws<DatasetException>(() => FeatureStatistics.Load(path));

        Assert.Contains($"mu of shape (2,) and sigma of shape (2, {covariances}); expected (D,) and (D, D)", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_StatisticsWithNaN_AreRejected()
    {
        var path = StoredSets.Statistics(_folder.File("a.npz"), [double.NaN], [1]);

        Assert.Contains("not finite", Assert.Throws<DatasetException>(() => FeatureStatistics.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_ImagesAndStatistics_TakeTheGaussiansFromTheStatistics()
    {
        var train = NoisyImages.Of(30, 20, seed: 1);
        using var statistics = FeatureStatistics.Load(StoredSets.Statistics(_folder.File("a.npz"), [0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0, 1]));
        var images = new EvaluationInputs(train, null, [_extractor], Cache);
        var generated = NoisyImages.Of(12, 12, seed: 3);
        var expected = Assert.Single(Evaluate(images, generated).Report.Features);

        var features = Assert.Single(Evaluate(images with { Statistics = statistics }, generated).Report.Features);

        Assert.NotEqual(expected.Generated.Fid!.Value, features.Generated.Fid!.Value, 1e-3);
        Assert.Equal((expected.Generated.Sfid, expected.Generated.Precision), (features.Generated.Sfid, features.Generated.Precision));
    }

    [Fact]
    public void Evaluate_GeneratedImagesWithoutLabels_HaveTheSameFidAndNoClassAccuracy()
    {
        var inputs = new EvaluationInputs(NoisyImages.Of(30, 20, seed: 1), NoisyImages.Of(9, 9, seed: 2), [_extractor], Cache);
        var labelled = NoisyImages.Of(12, 12, seed: 3);
        var expected = Evaluate(inputs, labelled).Report;

        var result = Evaluate(inputs, Unlabelled(labelled));

        var features = Assert.Single(result.Report.Features);
        Assert.Equal(expected.Features[0].Generated.Fid!.Value, features.Generated.Fid!.Value, 1e-9);
        Assert.Equal(expected.Features[0].Generated.Precision, features.Generated.Precision);
        Assert.Equal(expected.Features[0].HalvesOfSameSize, features.HalvesOfSameSize);
        Assert.Equal([3, 6, 12], features.BySize.Select(point => point.ImagesPerClass));
        Assert.Equal(features.Generated.Fid.Value, features.BySize[^1].Generated!.Value, 1e-9);
        Assert.Null(result.Report.ClassAccuracy);
        Assert.Equal([new MissingFigure("class_accuracy", "the generated images have no labels")], result.Report.Missing);
        Assert.Contains("class_accuracy (the generated images have no labels)", EvaluationPage.Of(result, inputs), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_RealImagesWithoutLabels_AreComparedWithoutClasses()
    {
        var inputs = new EvaluationInputs(Unlabelled(NoisyImages.Of(25, 25, seed: 1)), null, [_extractor], Cache);

        var result = Evaluate(inputs, NoisyImages.Of(12, 12, seed: 3));

        var features = Assert.Single(result.Report.Features);
        Assert.True(features.Generated.Fid > 0);
        Assert.Equal((24, 24), (features.HalvesOfSameSize.FirstImages, features.HalvesOfSameSize.SecondImages));
        Assert.Equal((0, 1), (result.Report.Data.Classes, result.Report.ClassAccuracy!.Accuracy));
    }

    [Fact]
    public void Evaluate_NoTestImages_OmitsTheirFiguresAndSaysWhy()
    {
        var inputs = new EvaluationInputs(NoisyImages.Of(30, 20, seed: 1), null, [_extractor], Cache);

        var result = Evaluate(inputs, NoisyImages.Of(12, 12, seed: 3));

        var features = Assert.Single(result.Report.Features);
        Assert.True(features.Generated.Fid > 0);
        Assert.Null(features.Test);
        Assert.Contains(new MissingFigure("neighbours", "there are no test images"), features.Missing);
        Assert.Equal([new MissingFigure("pixel_neighbours", "there are no test images")], result.Report.Missing);
        Assert.Contains("pixel_neighbours (there are no test images)", EvaluationPage.Of(result, inputs), StringComparison.Ordinal);
    }

    private string Cache => _folder.File("cache");

    private static EvaluationResult Evaluate(EvaluationInputs inputs, ImageDataset images) =>
        new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(images);

    private static ImageDataset Unlabelled(ImageDataset images) => ImageDataset.Unlabelled(images.Width, images.Height, images.Images);

    private async Task<EvaluationReport> ReportOfAsync(string format)
    {
        async Task<ImageDataset> OpenAsync(string name, ImageDataset images)
        {
            Sample[] samples =
            [
                .. images.Images.Zip(images.ClassIds, (pixels, classId) => new Sample(new RgbImage(images.Width, images.Height, pixels), classId)),
            ];
            var folder = _folder.File($"{format}/{name}");
            _ = format switch
            {
                "class folders" => StoredSets.ClassFolders(folder, samples),
                "metadata folder" => StoredSets.MetadataFolder(folder, samples),
                "webdataset" => StoredSets.WebDataset(folder, samples),
                "npz" => StoredSets.Npz($"{folder}/images.npz", samples),
                _ => await StoredSets.ParquetAsync($"{folder}/images.parquet", samples),
            };
            return ImageDatasetReader.Open(folder, NoisyImages.Side).WithClassNames(NoisyImages.ClassNames);
        }

        var train = await OpenAsync("train", NoisyImages.Of(10, 10, seed: 1));
        var test = await OpenAsync("test", NoisyImages.Of(6, 6, seed: 2));
        return Evaluate(new EvaluationInputs(train, test, [_extractor], Cache), await OpenAsync("generated", NoisyImages.Of(8, 8, seed: 3))).Report;
    }

    private string StatisticsOf(ImageDataset images, bool withSpatial = false)
    {
        using var set = FeatureSet.Extract(_extractor, images, NoProgress.Instance);
        static byte[] Bytes(double[] numbers) => [.. numbers.SelectMany(BitConverter.GetBytes)];
        double[] mean = [.. set.Spatial.Mean.data<double>()], covariance = [.. set.Spatial.Covariance.data<double>()];
        return StoredSets.Statistics(
            _folder.File("statistics.npz"),
            [.. set.Pooled.Mean.data<double>()],
            [.. set.Pooled.Covariance.data<double>()],
            withSpatial
                ? [("mu_s.npy", StoredSets.Array("<f8", "(4,)", Bytes(mean))), ("sigma_s.npy", StoredSets.Array("<f8", "(4, 4)", Bytes(covariance)))]
                : []);
    }
}
