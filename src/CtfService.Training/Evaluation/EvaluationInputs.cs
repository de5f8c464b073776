using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Samples;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation;

/// <summary>What generated images are measured with.</summary>
/// <param name="Train">The reference.</param>
/// <param name="Test">Real images that the model has not seen, with the class ids of <paramref name="Train"/>.</param>
/// <param name="Extractors">At least one; figures are given by each.</param>
/// <param name="CacheFolder">Keeps the real images' features.</param>
/// <param name="Device">Of the tokenizer; the CPU where null.</param>
public sealed record EvaluationInputs(
    ImageDataset Train, ImageDataset Test, IReadOnlyList<IFeatureExtractor> Extractors, string CacheFolder, Device? Device = null);

/// <summary>A model whose samples are evaluated.</summary>
public sealed record SampledModel(Bundle Bundle, ModelDescription Description, SamplePlan Plan, DrawnSamples Samples)
{
    /// <summary>Null for a plain model, whose coarse labels are the tokens.</summary>
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
