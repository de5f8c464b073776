using CtfService.Core.Generation;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Neighbours;
using CtfService.Training.Evaluation.Samples;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Evaluation.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation;

/// <summary>Measures generated images, and the tokenizer behind them, against real ones: everything that <c>ctf evaluate</c> reports.</summary>
/// <param name="stages">Shows what is done.</param>
public sealed class Evaluator(EvaluationInputs inputs, IEvaluationStages stages, CancellationToken cancellation)
{
    /// <summary>Images of each kind that are looked for among the training images.</summary>
    private const int MostNeighbours = 10_000;

    /// <summary>Test images that the tokenizer gives back: enough for means, and for a distance between pairs.</summary>
    private const int MostReconstructions = 2_000;

    /// <summary>Divisors of the number of images, for the distances by size.</summary>
    private static readonly int[] Parts = [8, 4, 2, 1];

    private readonly IReadOnlyList<string> _classNames = inputs.Train.ClassNames;

    /// <param name="images">The generated images; with a model, its samples.</param>
    /// <param name="model">Null where there are only images.</param>
    /// <exception cref="DatasetException">The images have other classes than the data set.</exception>
    public EvaluationResult Evaluate(ImageDataset images, SampledModel? model = null)
    {
        var generated = Checked(images);
        var reconstructions = model is null ? null : stages.Run("tokenizer", progress => Reconstructions.Of(
            model.Bundle, Evenly(inputs.Test, MostReconstructions), inputs.Device, progress, cancellation));
        var features = inputs.Extractors.Select(extractor => OfFeatures(extractor, generated, reconstructions?.Images)).ToList();
        var shown = Evenly(generated, MostNeighbours);
        var unseen = Evenly(inputs.Test, MostNeighbours);
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

    /// <summary>Figures against all classes of the data mean nothing for images of some of them, and neighbours and halves take a few of each.</summary>
    private ImageDataset Checked(ImageDataset images)
    {
        var known = images.WithClassNames(_classNames);
        Require(known, "generated", perClass: 1);
        Require(inputs.Train, "training", perClass: 2);
        Require(inputs.Test, "test", perClass: 1);
        return known;
    }

    private void Require(ImageDataset images, string kind, int perClass)
    {
        var counts = images.ClassIds.CountBy(classId => classId).ToDictionary();
        var missing = _classNames.Where((_, classId) => counts.GetValueOrDefault(classId) < perClass).ToList();
        if (missing.Count > 0 || images.Count <= PrecisionRecall.DefaultNeighbours)
        {
            throw new DatasetException(
                $"There are {images.Count} {kind} images, and too few of {(missing.Count > 0 ? string.Join(", ", missing) : "all classes together")}. "
                + $"An evaluation takes more than {PrecisionRecall.DefaultNeighbours} of each kind, and {perClass} or more of every class of the data set.");
        }
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
        return stages.Run($"{extractor.Name}: distances", progress => (Report(extractor, real, set, restored), set.Classes));
    }

    private static FeatureReport Report(IFeatureExtractor extractor, RealFeatures real, FeatureSet generated, FeatureSet? reconstructions)
    {
        var perClass = generated.Kept.Images[^1].Round + 1;
        var figures = SetFigures.Of(generated, real.Train);
        var (sameSize, halves) = (real.Halves(perClass), real.Halves());
        using var scope = NewDisposeScope();
        double[] Distances(FeatureSet set) =>
            RowDistances.NearestDistances(set.Kept.Pooled.narrow(0, 0, Math.Min(MostNeighbours, set.Kept.Pooled.shape[0])), real.Train.Kept.Pooled);
        return new FeatureReport(
            extractor.Name,
            extractor.Hash,
            figures,
            SetFigures.Of(real.Test, real.Train),
            sameSize,
            halves,
            figures.Fid / sameSize.Fid,
            figures.Fid / halves.Fid,
            FidBySize(real, generated, perClass),
            reconstructions is null ? null : SetFigures.Of(reconstructions, real.Train),
            reconstructions is null ? null : ReconstructionFid(real.Test, reconstructions),
            NeighbourFigures.Of("features", Distances(generated), Distances(real.Test)));
    }

    /// <summary>Against the test images that were reconstructed: the first of their order.</summary>
    private static double ReconstructionFid(FeatureSet test, FeatureSet reconstructions)
    {
        using var originals = test.Kept.Gaussian(test.Kept.Pooled, [.. Enumerable.Range(0, reconstructions.Count)]);
        return originals.FrechetDistance(reconstructions.Pooled);
    }

    /// <summary>At an eighth, a quarter, half and all of the images.</summary>
    private static List<FidAtSize> FidBySize(RealFeatures real, FeatureSet generated, int perClass)
    {
        var points = new List<FidAtSize>();
        foreach (var size in Parts.Select(part => perClass / part).Where(size => size >= 2).Distinct())
        {
            int[] rows = [.. Enumerable.Range(0, generated.Kept.Images.Count).Where(row => generated.Kept.Images[row].Round < size)];
            using var part = generated.Kept.Gaussian(generated.Kept.Pooled, rows);
            points.Add(new FidAtSize(size, real.Train.Pooled.FrechetDistance(part), real.HalvesFid(size)));
        }

        return points;
    }

    /// <summary>At most so many, spread over the classes.</summary>
    private static ImageDataset Evenly(ImageDataset images, int most) => new(
        images.Width,
        images.Height,
        images.ClassNames,
        [.. EvenOrder.Of(images.ClassIds).Take(most).Select(image => new LabelledImage(images.Images[image.Index], images.ClassIds[image.Index]))]);
}
