using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Compares generated images with the training images by the features of one extractor.</summary>
internal sealed class SampleEvaluator(IFeatureExtractor extractor, RealFeatures real) : IDisposable
{
    /// <summary>Computes the figures of generated images.</summary>
    /// <returns>Figures by name; docs/evaluation.md defines them.</returns>
    public JsonObject Measure(IReadOnlyList<GeneratedImage> images, CancellationToken cancellation)
    {
        var size = images[0].Image;
        var labelled = images.Select(image => new LabelledImage(image.Image.Pixels, image.Specification.ClassId));
        var set = new ImageDataset(size.Width, size.Height, extractor.ClassNames!, [.. labelled]);
        using var features = FeatureSet.Extract(extractor, set, NoProgress.Instance, cancellation);
        return Figures(features);
    }

    /// <summary>Computes the figures of the test images.</summary>
    public JsonObject TestImages() => Figures(real.Test!);

    /// <summary>Computes the Fréchet distance between two halves of the training images with the given number of images of each class.</summary>
    /// <returns>Null if it is undefined.</returns>
    public double? HalfDistance(int imagesPerClass) => new FigureCollector().Compute("half_fid", () => real.HalvesFid(imagesPerClass));

    public void Dispose()
    {
        extractor.Dispose();
        real.Dispose();
    }

    private JsonObject Figures(FeatureSet set)
    {
        var figures = SetFigures.Of(set, real.Train, new FigureCollector(), "set");
        return new JsonObject
        {
            ["images"] = figures.Images,
            ["fid"] = figures.Fid,
            ["sfid"] = figures.Sfid,
            ["inception_score"] = figures.InceptionScore?.Mean,
            ["precision"] = figures.Precision,
            ["recall"] = figures.Recall,
            ["accuracy"] = figures.ClassAccuracy,
        };
    }
}
