using CtfService.Model.Bundles;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Evaluation;
using CtfService.Training.Evaluation.Samples;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;

namespace CtfService.Training.Tests.Evaluation;

public sealed class EvaluatorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Evaluate_ImagesLikeTheRealOnes_AreAsCloseAsHalvesOfThem()
    {
        var result = Evaluate(NoisyImages.Of(20, 20, seed: 7));

        var features = Assert.Single(result.Report.Features);
        Assert.Equal(40, result.Report.Images);
        Assert.InRange(features.FidOverHalvesOfSameSize!.Value, 0, 3);
        Assert.Empty(features.Missing);
        Assert.Equal((40, 40), (features.HalvesOfSameSize.FirstImages, features.HalvesOfSameSize.SecondImages));
        Assert.Equal([2, 5, 10, 20], features.BySize.Select(point => point.ImagesPerClass));
        Assert.Equal(features.Generated.Fid!.Value, features.BySize[^1].Generated!.Value, 1e-9);
        Assert.Equal(1, result.Report.ClassAccuracy!.Accuracy);
        Assert.InRange(result.Report.PixelNeighbours!.CloserThanUnseen, 0, 0.3);
        Assert.Null(result.Report.Tokens);
    }

    [Fact]
    public void Evaluate_CopiesOfTrainingImages_AreDetected()
    {
        var train = NoisyImages.Of(50, 40, seed: 1);
        var copied = Enumerable.Range(30, 40).Select(i => new LabelledImage(train.Images[i], train.ClassIds[i]));
        var copies = new ImageDataset(train.Width, train.Height, train.ClassNames, [.. copied]);

        var result = Evaluate(copies);

        Assert.Equal(1, result.Report.PixelNeighbours!.CloserThanUnseen);
        Assert.Equal(0, result.Report.PixelNeighbours!.Generated.Largest);
        Assert.Equal(Enumerable.Range(30, 40), result.Nearest.Select(nearest => nearest.Index).Order());
    }

    [Fact]
    public void Evaluate_AClassWithoutImages_IsRejectedByName()
    {
        var exception = Assert.Throws<DatasetException>(() => Evaluate(NoisyImages.Of(20, 0, seed: 7)));

        Assert.Contains("20 generated images, too few of green", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_AllImagesEqual_OmitsTheRatiosAndSaysWhy()
    {
        var grey = new ImageDataset(8, 8, ["red", "green"], [.. Enumerable.Range(0, 12).Select(i => new LabelledImage(new byte[8 * 8 * 3], i % 2))]);
        using var extractor = new FakeFeatures();
        var inputs = new EvaluationInputs(grey, grey, [extractor], _folder.File("cache"));

        var result = new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(grey);
        var page = EvaluationPage.Of(result, inputs);

        var features = Assert.Single(result.Report.Features);
        Assert.Equal((0, 0), (features.Generated.Fid!.Value, features.Halves.Fid!.Value));
        Assert.Null(features.FidOverHalves);
        Assert.Contains(new MissingFigure("fid_over_halves", "the halves of the training images are equal, so their distance is 0"), features.Missing);
        Assert.Contains("fid_over_halves (the halves", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_ExtractorGivesNaN_ReportsTheOtherFiguresAndSaysWhy()
    {
        using var extractor = new FakeFeatures { IsDamaged = true };
        var inputs = new EvaluationInputs(NoisyImages.Of(50, 40, seed: 1), NoisyImages.Of(20, 20, seed: 2), [extractor], _folder.File("cache"));

        var result = new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(NoisyImages.Of(9, 9, seed: 3));
        var page = EvaluationPage.Of(result, inputs);

        var features = Assert.Single(result.Report.Features);
        Assert.Equal(
            (null, null, null, null, null),
            (features.Generated.Fid, features.Generated.Precision, features.Generated.InceptionScore, features.Neighbours, result.Report.ClassAccuracy));
        Assert.Contains(features.Missing, figure => figure.Figure == "generated.fid" && figure.Reason.Contains("NaN", StringComparison.Ordinal));
        Assert.Equal(18, result.Report.Images);
        Assert.Contains("generated.fid (features are NaN", page, StringComparison.Ordinal);
        Assert.Empty(Directory.Exists(_folder.File("cache")) ? Directory.GetFiles(_folder.File("cache")) : []);
    }

    [Fact]
    public void Evaluate_AClassWithoutTestImages_OmitsFiguresThatNeedAllClasses()
    {
        using var extractor = new FakeFeatures();
        var inputs = new EvaluationInputs(NoisyImages.Of(50, 40, seed: 1), NoisyImages.Of(20, 0, seed: 2), [extractor], _folder.File("cache"));

        var result = new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(NoisyImages.Of(20, 20, seed: 7));

        var features = Assert.Single(result.Report.Features);
        Assert.Equal((null, null, null), (features.Test!.Fid, features.Test!.Recall, features.Test!.InceptionScore));
        Assert.NotNull(features.Test!.Precision);
        Assert.NotNull(features.Generated.Fid);
        Assert.Contains(new MissingFigure("test.fid", "there are no test images of green"), features.Missing);
    }

    [Theory]
    [InlineData(1, 40, 20, "There are 41 training images, too few of red.")]
    [InlineData(50, 40, 3, "There are 3 test images, too few in total.")]
    public void RequireEnoughRealImages_TooFew_NamesTheClassOrSplit(int red, int green, int test, string message)
    {
        using var extractor = new FakeFeatures();
        var inputs = new EvaluationInputs(NoisyImages.Of(red, green, seed: 1), NoisyImages.Of(test, 0, seed: 2), [extractor], _folder.File("cache"));

        var exception = Assert.Throws<DatasetException>(new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).RequireEnoughRealImages);

        Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_Model_MeasuresItsTokensAndItsTokenizer()
    {
        using var tiny = new TinyBundle();
        var bundle = BundleReader.Open(tiny.Directory);
        var (train, test) = (RealImagesOf(bundle, 60, seed: 1), RealImagesOf(bundle, 20, seed: 2));
        using var extractor = new FakeFeatures { ClassNames = null };

        var result = new Evaluator(new EvaluationInputs(train, test, [extractor], _folder.File("cache")), QuietStages.Instance, CancellationToken.None)
            .Evaluate(Samples(bundle, out var model), model);

        var report = result.Report;
        Assert.Equal(("tiny", bundle.Hash, 5), (report.Model!.Name, report.Model.BundleHash, report.Model.ImagesPerClass));
        Assert.Equal((TinyBundle.Codewords, TinyBundle.Clusters), (report.Tokens!.GeneratedCodewords.Vocabulary, report.Tokens.GeneratedClusters!.Vocabulary));
        Assert.Equal(25 * TinyBundle.Positions, result.Tokens!.Generated.Sum());
        Assert.Equal(20 * TinyBundle.Positions, result.Tokens.TestClusters!.Sum());
        Assert.Equal(20, report.Tokenizer!.Images);
        Assert.InRange(report.Tokenizer.Psnr, 0, 30);
        Assert.InRange(report.Tokenizer.Ssim, -1, 0.9);
        Assert.True(report.Features[0].ReconstructionFid > 0);
        Assert.Equal(report.Tokenizer!.Images, report.Features[0].Reconstructions!.Images);
        Assert.Null(report.ClassAccuracy);
    }

    [Fact]
    public void Page_Model_IsSelfContained()
    {
        using var tiny = new TinyBundle();
        var bundle = BundleReader.Open(tiny.Directory);
        using var extractor = new FakeFeatures { ClassNames = null };
        var inputs = new EvaluationInputs(RealImagesOf(bundle, 60, seed: 1), RealImagesOf(bundle, 20, seed: 2), [extractor], _folder.File("cache"));
        var result = new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(Samples(bundle, out var model), model);

        var page = EvaluationPage.Of(result, inputs);

        Assert.Equal(5 + 1 + 2, Count(page, "src=\"data:image/webp;base64,")); // samples of each class, reconstructions, two sheets of neighbours
        Assert.Equal(Count(page, "<img "), Count(page, "src=\"data:"));
        Assert.Equal(3, Count(page, "<svg "));
        Assert.DoesNotContain("<?xml", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_NamesOfClasses_AreText()
    {
        static ImageDataset Renamed(ImageDataset images) => new(
            images.Width,
            images.Height,
            ["<b>red</b>", "green & co"],
            [.. images.Images.Zip(images.ClassIds, (pixels, classId) => new LabelledImage(pixels, classId))]);
        using var extractor = new FakeFeatures { ClassNames = null };
        var inputs = new EvaluationInputs(Renamed(NoisyImages.Of(20, 20, seed: 1)), Renamed(NoisyImages.Of(9, 9, seed: 2)), [extractor], _folder.File("cache"));

        var result = new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(Renamed(NoisyImages.Of(9, 9, seed: 3)));
        var page = EvaluationPage.Of(result, inputs);

        Assert.Contains("&lt;b&gt;red&lt;/b&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>red", page, StringComparison.Ordinal);
        Assert.Contains("green &amp; co", page, StringComparison.Ordinal);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private EvaluationResult Evaluate(ImageDataset images)
    {
        using var extractor = new FakeFeatures();
        var inputs = new EvaluationInputs(NoisyImages.Of(50, 40, seed: 1), NoisyImages.Of(20, 20, seed: 2), [extractor], _folder.File("cache"));
        return new Evaluator(inputs, QuietStages.Instance, CancellationToken.None).Evaluate(images);
    }

    private ImageDataset Samples(Bundle bundle, out SampledModel model)
    {
        using var generator = new CtfImageGeneratorFactory(bundle.Directory, () => ModelPlacement.Parse("cpu", "float32")).Load(CancellationToken.None);
        var plan = SamplePlan.Default(generator.Model, perClass: 5);
        model = new SampledModel(bundle, generator.Model, plan, new SampleFolder(_folder.File("samples")).Draw(generator, plan, NoProgress.Instance));
        return model.Samples.Images;
    }

    /// <summary>Noise with the classes and the size of the bundle.</summary>
    private static ImageDataset RealImagesOf(Bundle bundle, int count, int seed)
    {
        var noise = NoisyImages.Of(count / 2, count - (count / 2), seed);
        var images = noise.Images.Select((pixels, i) => new LabelledImage(pixels, i % TinyBundle.Classes));
        return new ImageDataset(noise.Width, noise.Height, bundle.Manifest.ClassLabels, [.. images]);
    }
}
