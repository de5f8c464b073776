using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Samples;
using CtfService.Training.Progress;
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

/// <summary>Shows each stage of an evaluation while it runs.</summary>
public interface IEvaluationStages
{
    T Run<T>(string title, Func<ITrainingProgress, T> work);

    /// <summary>A stage that reports no steps of its own: it is shown while it runs.</summary>
    T Run<T>(string title, Func<T> work);
}

/// <summary>For evaluations that nobody watches.</summary>
public sealed class QuietStages : IEvaluationStages
{
    public static QuietStages Instance { get; } = new();

    public T Run<T>(string title, Func<ITrainingProgress, T> work) => work(NoProgress.Instance);

    public T Run<T>(string title, Func<T> work) => work();
}
