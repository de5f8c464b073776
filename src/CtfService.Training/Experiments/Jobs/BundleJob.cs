using System.Text.Json.Nodes;
using CtfService.Model.Bundles;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Packs a model into a bundle that the service loads.</summary>
internal sealed class BundleJob(TrainedModel model, SamplingDefaults sampling)
    : ExperimentJob($"bundles/{model.Name}/seed-{model.Seed}", new Dictionary<string, object> { ["sampling"] = sampling }, model.Jobs)
{
    public override JsonObject Run(JobRun run)
    {
        var bundle = model.Pack(run, Path.Combine(run.Folder, "bundle"), model.Steps, sampling, model.UsualLabels(run));
        return new JsonObject { ["bundle"] = bundle.Directory, ["hash"] = bundle.Hash };
    }
}
