using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>
/// Measures the two figures by which weight formats are compared: the FID to the training images, and how often the classifier sees the requested class. Reads
/// or computes the features of the training images once. Owns them.
/// </summary>
public sealed class FormatMeter : IDisposable
{
    private readonly IFeatureExtractor _extractor;
    private readonly IReadOnlyList<string> _classNames;
    private readonly IEvaluationStages _stages;
    private readonly CancellationToken _cancellation;
    private readonly RealFeatures _real;

    /// <param name="extractor">A classifier of the data set. Not disposed.</param>
    /// <param name="cacheFolder">Folder that caches the features of the training images.</param>
    /// <param name="stages">Displays the stages.</param>
    /// <exception cref="DatasetException">The images have no labels, or a class that the classifier does not know.</exception>
    public FormatMeter(ImageDataset train, IFeatureExtractor extractor, string cacheFolder, IEvaluationStages stages, CancellationToken cancellation)
    {
        if (!train.IsLabelled)
        {
            throw new DatasetException("The real images have no labels, so the class accuracy of a format cannot be measured. Name a data set with classes.");
        }

        (_extractor, _classNames, _stages, _cancellation) = (extractor, train.ClassNames, stages, cancellation);
        _real = stages.Run(
            $"{extractor.Name}: real images",
            progress => RealFeatures.LoadOrExtract(cacheFolder, extractor, train, test: null, progress, cancellation: cancellation));
    }

    /// <summary>Measures a set of generated images.</summary>
    /// <param name="title">What is measured, for the display.</param>
    /// <returns>FID, and class accuracy from 0 to 1.</returns>
    /// <exception cref="DatasetException">The images have other classes than the real ones, or a figure is undefined.</exception>
    public (double Fid, double ClassAccuracy) Measure(string title, ImageDataset generated)
    {
        var known = generated.WithClassNames(_classNames);
        using var features = _stages.Run(
            $"{_extractor.Name}: {title}", progress => FeatureSet.Extract(_extractor, known, progress, _cancellation));
        var collector = new FigureCollector(_cancellation);
        var fid = collector.Compute("fid", () => _real.Train.Pooled.FrechetDistance(features.Pooled));
        return fid is { } distance && features.Classes is { } classes
            ? (Math.Max(0, distance), classes.Accuracy) // equal distributions may round to less than 0
            : throw new DatasetException(
                $"FID or class accuracy of {title} is undefined: {(collector.Missing is [var missing, ..] ? missing.Reason : "the classifier gives NaN")}. "
                + "Nothing was recorded. Check the classifier with 'ctf classify' on the test images.");
    }

    public void Dispose() => _real.Dispose();
}
