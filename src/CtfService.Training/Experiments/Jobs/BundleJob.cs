using System.Text.Json.Nodes;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Packs a model into a bundle that the service loads.</summary>
internal sealed class BundleJob(TrainedModel model, SamplingDefaults sampling)
    : ExperimentJob($"bundles/{model.Name}/seed-{model.Seed}", new Dictionary<string, object> { ["sampling"] = sampling }, model.Jobs)
{
    public override JsonObject Run(JobRun run)
    {
        var bundle = model.Pack(run, Path.Combine(run.Folder, "bundle"), model.Steps, sampling, model.UsualLabels(run));
        bundle = ExpectationRecorder.IsQuick(bundle) ? ExpectationRecorder.Record(bundle, run.Cancellation) : bundle;
        return new JsonObject { ["bundle"] = bundle.Directory, ["hash"] = bundle.Hash };
    }
}
