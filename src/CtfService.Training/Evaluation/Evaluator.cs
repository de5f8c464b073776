using CtfService.Core.Models;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation;

/// <summary>Compares generated images, and the tokenizer's reconstructions, with real images. Computes everything that <c>ctf evaluate</c> reports.</summary>
/// <param name="stages">Displays the stages.</param>
public sealed class Evaluator(EvaluationInputs inputs, IEvaluationStages stages, CancellationToken cancellation)
{
    private const string NoImages = "it needs the generated images, and there is only a statistics file";

    /// <summary>Maximum number of images of each kind whose nearest training images are searched for.</summary>
    private const int MaxNeighbours = 10_000;

    /// <summary>Maximum number of test images that are reconstructed: enough for means and for rFID.</summary>
    private const int MaxReconstructions = 2_000;

    /// <summary>Divisors of the number of images for FID by size.</summary>
    private static readonly int[] Parts = [8, 4, 2, 1];

    private IReadOnlyList<string> _classNames = inputs.Train?.ClassNames ?? [];

    /// <summary>Whether generated and training images have the same classes, so that equal numbers of each can be compared.</summary>
    private bool _byClass = true;

    /// <summary>Checks the number of real images and features. Fast; call before images are generated.</summary>
    /// <exception cref="DatasetException">There are too few training or test images, or no extractor has the features of the statistics.</exception>
    public void RequireEnoughRealImages()
    {
        if (inputs.Train is { } train)
        {
            Require(train, "training", perClass: 2);
        }
        else if (inputs.Statistics is { } statistics)
        {
            RequireExtractor(statistics);
        }

        if (inputs.Test is { } test)
        {
            Require(test, "test", perClass: 0);
        }
    }

    /// <summary>Evaluates generated images.</summary>
    /// <param name="images">Generated images; with a model, its samples.</param>
    /// <param name="model">The model; null if there are only images.</param>
    /// <exception cref="DatasetException">There are too few images of a kind, or their classes are not those of the data set.</exception>
    public EvaluationResult Evaluate(ImageDataset images, SampledModel? model = null)
    {
        RequireEnoughRealImages();
        var generated = images.IsLabelled && inputs.Train is { IsLabelled: true } ? images.WithClassNames(_classNames) : images;
        _classNames = inputs.Train?.ClassNames ?? images.ClassNames;
        _byClass = generated.IsLabelled && inputs.Train is not { IsLabelled: false };
        Require(generated, "generated", perClass: _byClass ? 1 : 0);
        var reconstructions = model is null || inputs.Test is null ? null : stages.Run("tokenizer", progress => Reconstructions.Of(
            model.Bundle, Evenly(inputs.Test, MaxReconstructions), inputs.Device, progress, cancellation));
        var features = OfFeatures(extractor => Extract(extractor, "generated images", generated), reconstructions?.Images);
        var shown = Evenly(generated, MaxNeighbours);
        var nearest = Nearest("nearest training images", shown);
        double[] distances = [.. nearest.Select(image => image.Distance)];
        double[] unseenDistances = inputs.Test is null ? []
            : [.. Nearest("nearest of test images", Evenly(inputs.Test, MaxNeighbours)).Select(image => image.Distance)];
        var tokens = reconstructions is null ? null : TokenCounts.Of(model!, reconstructions);
        var report = Report(features, generated.Count) with
        {
            Model = model?.Describe(),
            Data = Data(generated),
            ImagesPerSecond = model?.Samples.ImagesPerSecond,
            ClassAccuracy = features.Select(feature => feature.Classes).FirstOrDefault(classes => classes is not null),
            Tokens = tokens?.Report(),
            Tokenizer = reconstructions is null ? null : new TokenizerReport(reconstructions.Images.Count, reconstructions.Psnr, reconstructions.Ssim),
            PixelNeighbours = distances.Length > 0 && unseenDistances.Length > 0 ? NeighbourFigures.Of("grey levels", distances, unseenDistances) : null,
            Missing = [.. Missing(generated, model is not null)],
        };
        return new EvaluationResult(report, generated, shown, reconstructions, tokens, nearest, unseenDistances);
    }

    /// <summary>Evaluates generated images of which only statistics are known.</summary>
    /// <exception cref="DatasetException">There are too few images of a kind, or no extractor has the features of the statistics.</exception>
    public EvaluationResult Evaluate(FeatureStatistics generated)
    {
        RequireEnoughRealImages();
        RequireExtractor(generated);
        var report = Report(OfFeatures(extractor => FeatureSet.Of(generated, extractor), reconstructions: null), images: null) with
        {
            Missing = [new MissingFigure("pixel_neighbours", NoImages), new MissingFigure("class_accuracy", NoImages)],
        };
        return new EvaluationResult(report, null, null, null, null, [], []);
    }

    private EvaluationReport Report(IEnumerable<(FeatureReport Report, ClassifierReport? Classes)> features, int? images) => new()
    {
        Software = ImageProvenance.ThisSoftware,
        Data = Data(inputs.Train),
        Images = images,
        Features = [.. features.Select(feature => feature.Report)],
        PixelNeighbours = null,
    };

    private EvaluatedData Data(ImageDataset? images) => new(
        inputs.Train is { IsLabelled: true } train ? train.ClassNames.Count : 0, images?.Width, images?.Height, inputs.Train?.Count, inputs.Test?.Count);

    private IEnumerable<MissingFigure> Missing(ImageDataset generated, bool hasModel)
    {
        const string NoTest = "there are no test images";
        if (inputs.Train is null || inputs.Test is null)
        {
            yield return new MissingFigure("pixel_neighbours", inputs.Train is null ? "there are no training images, only a statistics file" : NoTest);
        }

        if (hasModel && inputs.Test is null)
        {
            yield return new MissingFigure("tokens", NoTest);
            yield return new MissingFigure("tokenizer", NoTest);
        }

        if (!generated.IsLabelled)
        {
            yield return new MissingFigure("class_accuracy", "the generated images have no labels");
        }
    }

    private NearestImage[] Nearest(string title, ImageDataset images) => inputs.Train is { } train
        ? stages.Run(title, progress => PixelNeighbours.Find(images, train, progress, cancellation))
        : [];

    private void RequireExtractor(FeatureStatistics statistics)
    {
        if (inputs.Extractors.All(extractor => extractor.PooledWidth != statistics.Width))
        {
            var others = inputs.Extractors.Select(extractor => $"{extractor.Name} ({extractor.PooledWidth})");
            throw new DatasetException(
                $"'{statistics.Path}' has statistics of {statistics.Width} features; the extractors have other numbers: {string.Join(", ", others)}. "
                + "Name the network that the statistics were computed with; Inception, with 2048 features, is --inception.");
        }
    }

    /// <summary>Throws if there are too few images: figures compare all classes, and neighbours and halves need several images of each.</summary>
    private void Require(ImageDataset images, string kind, int perClass)
    {
        var missing = WithFewerThan(images, perClass);
        if (missing.Count > 0 || images.Count <= PrecisionRecall.DefaultNeighbours)
        {
            throw new DatasetException(
                $"There are {images.Count} {kind} images, too few {(missing.Count > 0 ? $"of {string.Join(", ", missing)}" : "in total")}. "
                + $"An evaluation needs more than {PrecisionRecall.DefaultNeighbours} images of each kind"
                + $"{(perClass > 0 ? $" and at least {perClass} of each class" : "")}.");
        }
    }

    private List<string> WithFewerThan(ImageDataset images, int perClass)
    {
        var counts = images.ClassIds.CountBy(classId => classId).ToDictionary();
        return [.. _classNames.Where((_, classId) => counts.GetValueOrDefault(classId) < perClass)];
    }

    private FeatureSet Extract(IFeatureExtractor extractor, string title, ImageDataset images) =>
        stages.Run($"{extractor.Name}: {title}", progress => FeatureSet.Extract(extractor, images, progress, cancellation));

    private List<(FeatureReport Report, ClassifierReport? Classes)> OfFeatures(Func<IFeatureExtractor, FeatureSet> generated, ImageDataset? reconstructions) =>
        [.. inputs.Extractors.Select(extractor =>
        {
            using var real = stages.Run(
                $"{extractor.Name}: real images",
                progress => RealFeatures.LoadOrExtract(
                    inputs.CacheFolder, extractor, inputs.Train, inputs.Test, progress, inputs.Statistics, cancellation));
            using var set = generated(extractor);
            using var restored = reconstructions is null ? null : Extract(extractor, "reconstructions", reconstructions);
            return stages.Run($"{extractor.Name}: distances", () => (Report(extractor, real, set, restored), set.Classes));
        })];

    private FeatureReport Report(IFeatureExtractor extractor, RealFeatures real, FeatureSet generated, FeatureSet? reconstructions)
    {
        var collector = new FigureCollector(cancellation);
        var perClass = PerClass(generated);
        var figures = SetFigures.Of(generated, real.Train, collector, "generated");
        var testClasses = inputs.Test is not null && WithFewerThan(inputs.Test, 1) is { Count: > 0 } missing
            ? $"there are no test images of {string.Join(", ", missing)}"
            : null;
        var test = real.Test is null ? null : SetFigures.Of(real.Test, real.Train, collector, "test", testClasses);
        var sameSize = real.Halves(collector, "halves_of_same_size", perClass);
        var halves = real.Halves(collector, "halves");
        return new FeatureReport(
            extractor.Name,
            extractor.Hash,
            figures,
            test,
            sameSize,
            halves,
            collector.Ratio("fid_over_halves_of_same_size", figures.Fid, sameSize.Fid, "the halves of the same size"),
            collector.Ratio("fid_over_halves", figures.Fid, halves.Fid, "the halves of the training images"),
            FidBySize(real, generated, perClass, collector),
            reconstructions is null ? null : SetFigures.Of(reconstructions, real.Train, collector, "reconstructions", testClasses),
            reconstructions is null ? null : collector.Compute("reconstruction_fid", () => ReconstructionFid(real.Test!, reconstructions)),
            collector.Compute("neighbours", () => NeighbourFigures.Of(
                "features",
                Distances(generated, real.Train),
                Distances(real.Test ?? throw new UndefinedFigureException("there are no test images"), real.Train))),
            collector.Missing);
    }

    /// <summary>Returns the number of generated images for each class of the training images; 0 if only statistics are known.</summary>
    private int PerClass(FeatureSet generated) => generated.Count == 0 ? 0
        : _byClass ? generated.Kept.Images[^1].Round + 1
        : Math.Max(1, generated.Count / _classNames.Count);

    private double[] Distances(FeatureSet set, FeatureSet reference)
    {
        using var scope = NewDisposeScope();
        FiniteFeatures.Require(set.Kept.Pooled, reference.Kept.Pooled);
        return RowDistances.NearestDistances(
            set.Kept.Pooled.narrow(0, 0, Math.Min(MaxNeighbours, set.Kept.Pooled.shape[0])), reference.Kept.Pooled, cancellation);
    }

    /// <summary>Returns the FID against the test images that were reconstructed, which are the first in order.</summary>
    private static double ReconstructionFid(FeatureSet test, FeatureSet reconstructions)
    {
        using var originals = test.Kept.Gaussian(test.Kept.Pooled, [.. Enumerable.Range(0, reconstructions.Count)]);
        return originals.FrechetDistance(reconstructions.Pooled);
    }

    /// <summary>Returns the FID of an eighth, a quarter, half and all of the images.</summary>
    private List<FidAtSize> FidBySize(RealFeatures real, FeatureSet generated, int perClass, FigureCollector collector)
    {
        var points = new List<FidAtSize>();
        foreach (var size in Parts.Select(part => perClass / part).Where(size => size >= 2).Distinct())
        {
            // The first rows are spread evenly over the classes.
            int[] rows = [.. Enumerable.Range(0, generated.Kept.Images.Count)
                .Where(row => _byClass ? generated.Kept.Images[row].Round < size : row < size * _classNames.Count)];
            points.Add(new FidAtSize(
                size,
                collector.Compute($"by_size.{size}.generated", () => FidOf(rows)),
                collector.Compute($"by_size.{size}.halves", () => real.HalvesFid(size))));
        }

        return points;

        double FidOf(int[] rows)
        {
            using var part = generated.Kept.Gaussian(generated.Kept.Pooled, rows);
            return real.Train.Pooled.FrechetDistance(part);
        }
    }

    /// <summary>Returns at most the given number of images, spread evenly over the classes.</summary>
    private static ImageDataset Evenly(ImageDataset images, int most) =>
        images.Select([.. BalancedOrder.Of(images.ClassIds).Take(most).Select(image => image.Index)]);
}
