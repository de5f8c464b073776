using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>Accumulates the features of a set of images, batch by batch, into a <see cref="FeatureSet"/>.</summary>
internal sealed class FeatureReading : IDisposable
{
    private readonly IFeatureExtractor _extractor;
    private readonly ImageDataset _images;
    private readonly ClassWeights _weights;
    private readonly GaussianAccumulator _pooled;
    private readonly GaussianAccumulator _spatial;
    private readonly InceptionScoreAccumulator _score;
    private readonly Tensor _keptPooled;
    private readonly Tensor _keptSpatial;
    private readonly List<FeatureRow> _rows = [];
    private readonly List<int> _actual = [];
    private readonly List<int> _predicted = [];
    private bool _isFinite = true;

    public FeatureReading(IFeatureExtractor extractor, ImageDataset images)
    {
        _extractor = extractor;
        _images = images;
        _weights = new ClassWeights(images.ClassIds);
        _pooled = new GaussianAccumulator(extractor.PooledWidth);
        _spatial = new GaussianAccumulator(extractor.SpatialWidth);
        _score = new InceptionScoreAccumulator(images.Count);
        var kept = Math.Min(images.Count, FeatureSet.MaxKept);
        _keptPooled = empty(kept, extractor.PooledWidth).DetachFromDisposeScope();
        _keptSpatial = empty(kept, extractor.SpatialWidth).DetachFromDisposeScope();
    }

    public void Read(IReadOnlyList<OrderedImage> batch)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        int[] classIds = [.. batch.Select(image => _images.ClassIds[image.Index])];
        double[] weights = [.. classIds.Select(_weights.Of)];
        var features = _extractor.Extract(ImageBatch.Of(_images, [.. batch.Select(image => image.Index)]).Pixels);
        _pooled.Add(features.Pooled, weights);
        _spatial.Add(features.Spatial, weights);
        _score.Add(features.Probabilities, [.. batch.Select(image => image.Round)], weights);
        _isFinite &= FiniteFeatures.AreAll(features.Pooled) && FiniteFeatures.AreAll(features.Spatial) && FiniteFeatures.AreAll(features.Probabilities);
        _actual.AddRange(classIds);
        _predicted.AddRange(features.Probabilities.argmax(1).data<long>().Select(classId => (int)classId));
        Keep(batch, classIds, features);
    }

    /// <summary>Returns the accumulated features; the caller owns them.</summary>
    public FeatureSetParts Finish() => new(
        _pooled.ToGaussian(),
        _spatial.ToGaussian(),
        _isFinite ? _score.ToScore() : null,
        new FeatureRows(_keptPooled.alias().DetachFromDisposeScope(), _keptSpatial.alias().DetachFromDisposeScope(), _rows),
        _isFinite && _images.IsLabelled && _extractor.ClassNames is { } names ? ClassifierReport.Of(names, _actual, _predicted) : null,
        _isFinite);

    public void Dispose()
    {
        _pooled.Dispose();
        _spatial.Dispose();
        _keptPooled.Dispose();
        _keptSpatial.Dispose();
    }

    /// <summary>Keeps the features of the first images, up to the capacity.</summary>
    private void Keep(IReadOnlyList<OrderedImage> batch, int[] classIds, ImageFeatures features)
    {
        var first = _rows.Count;
        var count = (int)Math.Min(_keptPooled.shape[0] - first, batch.Count);
        if (count > 0)
        {
            _keptPooled.narrow(0, first, count).copy_(features.Pooled.narrow(0, 0, count));
            _keptSpatial.narrow(0, first, count).copy_(features.Spatial.narrow(0, 0, count));
            _rows.AddRange(batch.Take(count).Select((image, row) => new FeatureRow(classIds[row], image.Round)));
        }
    }
}

/// <summary>Weights of images that give all classes of a set equal weight; 1 on average.</summary>
internal sealed class ClassWeights(IReadOnlyList<int> classIds)
{
    private readonly Dictionary<int, int> _images = classIds.CountBy(classId => classId).ToDictionary();

    public double Of(int classId) => classIds.Count / ((double)_images.Count * _images[classId]);
}
