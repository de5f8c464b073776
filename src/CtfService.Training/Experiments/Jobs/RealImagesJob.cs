using System.Text.Json.Nodes;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>
/// Features of the real images, which all evaluations compare with, and how well real images do: what the figures of generated ones are to be read beside.
/// </summary>
internal sealed class RealImagesJob(ClassifierJob classifier, int imagesPerClass)
    : ExperimentJob("real-images", new Dictionary<string, object> { ["images_per_class"] = imagesPerClass }, classifier)
{
    public SampleJudge Judge(JobRun run) => run.Inputs.Judge(ClassifierJob.PathIn(run.FolderOf(classifier)), run.FolderOf(this), run.Progress);

    public override JsonObject Run(JobRun run)
    {
        var judge = Judge(run);
        return new JsonObject { ["test"] = judge.TestImages(), ["half_fid"] = judge.HalfDistance(imagesPerClass) };
    }
}
