using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Samples;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation;

/// <summary>What generated images are compared with, and how.</summary>
/// <param name="Train">Training images: the reference; null if there are only statistics.</param>
/// <param name="Test">Real images that the model has not seen, with the class ids of <paramref name="Train"/>; null if there are none.</param>
/// <param name="Extractors">At least one extractor; the report has figures for each.</param>
/// <param name="CacheFolder">Folder that caches the features of the real images.</param>
/// <param name="Device">Device of the tokenizer; the CPU if null.</param>
public sealed record EvaluationInputs(
    ImageDataset? Train, ImageDataset? Test, IReadOnlyList<IFeatureExtractor> Extractors, string CacheFolder, Device? Device = null)
{
    /// <summary>Statistics of the features of the real images, which replace those of <see cref="Train"/>; null if there are none.</summary>
    public FeatureStatistics? Statistics { get; init; }
}

/// <summary>A model and the samples to evaluate.</summary>
public sealed record SampledModel(Bundle Bundle, ModelDescription Description, SamplePlan Plan, DrawnSamples Samples)
{
    /// <summary>Null for a plain model, in which coarse labels are tokens.</summary>
    public ClusterMap? Clusters { get; } = Bundle.ClusterMapPath is { } path ? ClusterMap.Load(path) : null;

    internal EvaluatedModel Describe() => new(
        Description.Name,
        Description.BundleHash,
        Description.Device,
        Description.Dtype,
        Plan.PerClass,
        Plan.Seed,
        Plan.Coarse,
        Description.HasFineStage ? Plan.Fine : null);
}
