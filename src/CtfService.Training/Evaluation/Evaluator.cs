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
    /// <summary>Maximum number of images of each kind whose nearest training images are searched for.</summary>
    private const int MaxNeighbours = 10_000;

    /// <summary>Maximum number of test images that are reconstructed: enough for means and for rFID.</summary>
    private const int MaxReconstructions = 2_000;

    /// <summary>Divisors of the number of images for FID by size.</summary>
    private static readonly int[] Parts = [8, 4, 2, 1];

    private readonly IReadOnlyList<string> _classNames = inputs.Train.ClassNames;

    /// <summary>Checks the number of real images. Fast; call before images are generated.</summary>
    /// <exception cref="DatasetException">There are too few training or test images.</exception>
    public void RequireEnoughRealImages()
    {
        Require(inputs.Train, "training", perClass: 2);
        Require(inputs.Test, "test", perClass: 0);
    }

    /// <summary>Evaluates generated images.</summary>
    /// <param name="images">Generated images; with a model, its samples.</param>
    /// <param name="model">The model; null if there are only images.</param>
    /// <exception cref="DatasetException">There are too few images of a kind, or their classes are not those of the data set.</exception>
    public EvaluationResult Evaluate(ImageDataset images, SampledModel? model = null)
    {
        RequireEnoughRealImages();
        var generated = images.WithClassNames(_classNames);
        Require(generated, "generated", perClass: 1);
        var reconstructions = model is null ? null : stages.Run("tokenizer", progress => Reconstructions.Of(
            model.Bundle, Evenly(inputs.Test, MaxReconstructions), inputs.Device, progress, cancellation));
        var features = inputs.Extractors.Select(extractor => OfFeatures(extractor, generated, reconstructions?.Images)).ToList();
        var shown = Evenly(generated, MaxNeighbours);
        var unseen = Evenly(inputs.Test, MaxNeighbours);
        var nearest = stages.Run("nearest training images", progress => PixelNeighbours.Find(shown, inputs.Train, progress, cancellation));
        var nearestOfUnseen = stages.Run("nearest of test images", progress => PixelNeighbours.Find(unseen, inputs.Train, progress, cancellation));
        double[] distances = [.. nearest.Select(image => image.Distance)];
        double[] unseenDistances = [.. nearestOfUnseen.Select(image => image.Distance)];
        var tokens = model is null ? null : TokenCounts.Of(model, reconstructions!);
        var report = new EvaluationReport
        {
            Software = ImageProvenance.ThisSoftware,
            Model = model?.Describe(),
            Data = new EvaluatedData(_classNames.Count, inputs.Train.Width, inputs.Train.Height, inputs.Train.Count, inputs.Test.Count),
            Images = generated.Count,
            ImagesPerSecond = model?.Samples.ImagesPerSecond,
            Features = [.. features.Select(feature => feature.Report)],
            ClassAccuracy = features.Select(feature => feature.Classes).FirstOrDefault(classes => classes is not null),
            Tokens = tokens?.Report(),
            Tokenizer = reconstructions is null ? null : new TokenizerReport(reconstructions.Images.Count, reconstructions.Psnr, reconstructions.Ssim),
            PixelNeighbours = NeighbourFigures.Of("grey levels", distances, unseenDistances),
        };
        return new EvaluationResult(report, generated, shown, reconstructions, tokens, nearest, unseenDistances);
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

    private (FeatureReport Report, ClassifierReport? Classes) OfFeatures(IFeatureExtractor extractor, ImageDataset generated, ImageDataset? reconstructions)
    {
        FeatureSet Extract(string title, ImageDataset images) =>
            stages.Run($"{extractor.Name}: {title}", progress => FeatureSet.Extract(extractor, images, progress, cancellation));
        using var real = stages.Run(
            $"{extractor.Name}: real images",
            progress => RealFeatures.LoadOrExtract(inputs.CacheFolder, extractor, inputs.Train, inputs.Test, progress, cancellation));
        using var set = Extract("generated images", generated);
        using var restored = reconstructions is null ? null : Extract("reconstructions", reconstructions);
        return stages.Run($"{extractor.Name}: distances", () => (Report(extractor, real, set, restored), set.Classes));
    }

    private FeatureReport Report(IFeatureExtractor extractor, RealFeatures real, FeatureSet generated, FeatureSet? reconstructions)
    {
        var collector = new FigureCollector(cancellation);
        var perClass = generated.Kept.Images[^1].Round + 1;
        var figures = SetFigures.Of(generated, real.Train, collector, "generated");
        var testClasses = WithFewerThan(inputs.Test, 1) is { Count: > 0 } missing ? $"there are no test images of {string.Join(", ", missing)}" : null;
        var test = SetFigures.Of(real.Test, real.Train, collector, "test", testClasses);
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
            reconstructions is null ? null : collector.Compute("reconstruction_fid", () => ReconstructionFid(real.Test, reconstructions)),
            collector.Compute("neighbours", () => NeighbourFigures.Of("features", Distances(generated, real.Train), Distances(real.Test, real.Train))),
            collector.Missing);
    }

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
    private static List<FidAtSize> FidBySize(RealFeatures real, FeatureSet generated, int perClass, FigureCollector collector)
    {
        var points = new List<FidAtSize>();
        foreach (var size in Parts.Select(part => perClass / part).Where(size => size >= 2).Distinct())
        {
            int[] rows = [.. Enumerable.Range(0, generated.Kept.Images.Count).Where(row => generated.Kept.Images[row].Round < size)];
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
    private static ImageDataset Evenly(ImageDataset images, int most) => new(
        images.Width,
        images.Height,
        images.ClassNames,
        [.. BalancedOrder.Of(images.ClassIds).Take(most).Select(image => new LabelledImage(images.Images[image.Index], images.ClassIds[image.Index]))]);
}
