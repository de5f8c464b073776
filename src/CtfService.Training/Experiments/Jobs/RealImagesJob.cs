using System.Text.Json.Nodes;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>
/// Computes the features of the real images, which all evaluations compare with, and the figures of real images as a reference for those of generated images.
/// </summary>
internal sealed class RealImagesJob(ClassifierJob classifier, int imagesPerClass)
    : ExperimentJob("real-images", new Dictionary<string, object> { ["images_per_class"] = imagesPerClass }, classifier)
{
    public SampleEvaluator Evaluator(JobRun run) => run.Inputs.Evaluator(ClassifierJob.PathIn(run.FolderOf(classifier)), run.FolderOf(this), run.Progress);

    public override JsonObject Run(JobRun run)
    {
        var evaluator = Evaluator(run);
        return new JsonObject { ["test"] = evaluator.TestImages(), ["half_fid"] = evaluator.HalfDistance(imagesPerClass) };
    }
}
