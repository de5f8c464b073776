using CtfService.Model.Bundles;
using CtfService.Training.Parts;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>A model of the plan with one seed: the jobs that produce its parts.</summary>
/// <param name="Name">Name in the plan.</param>
/// <param name="Fine">Null for a plain model.</param>
/// <param name="Steps">Training steps of each transformer.</param>
internal sealed record TrainedModel(string Name, ulong Seed, StageSources Sources, StageJob Coarse, StageJob? Fine, long Steps)
{
    /// <summary>All its jobs.</summary>
    public IReadOnlyList<ExperimentJob> Jobs => Fine is null ? [Sources.Map, Coarse] : [Sources.Map, Coarse, Fine];

    /// <summary>Packs a bundle with the weights after a step.</summary>
    public Bundle Pack(JobRun run, string directory, long step, SamplingDefaults sampling)
    {
        var coarse = Coarse.PathIn(run.FolderOf(Coarse), step);
        var parts = new TrainedParts(
            TokenizerJob.PathIn(run.FolderOf(Sources.Tokenizer)), ClusterMapJob.PathIn(run.FolderOf(Sources.Map)), coarse, FinePath(run, step) ?? "");
        using var tokens = TokensJob.Open(run.FolderOf(Sources.Tokens), "test");
        return BundlePacker.Pack(parts, directory, new BundleText(Name, tokens.ClassNames, sampling, new Dictionary<string, string>(), DataLicence: null));
    }

    /// <summary>Returns the path of the fine stage after a step; null for a plain model.</summary>
    public string? FinePath(JobRun run, long step) => Fine?.PathIn(run.FolderOf(Fine), step);
}
