using System.Text.Json.Nodes;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>
/// Features of the real images, which all evaluations compare with, and how well real images do: what the figures of generated ones are to be read beside.
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
