using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;
using CtfService.Training.Tokens;

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
    /// <param name="usual">The usual labels of the training images; null for a bundle without them.</param>
    public Bundle Pack(JobRun run, string directory, long step, SamplingDefaults sampling, UsualLabels? usual = null)
    {
        var coarse = Coarse.PathIn(run.FolderOf(Coarse), step);
        var parts = new TrainedParts(
            TokenizerJob.PathIn(run.FolderOf(Sources.Tokenizer)), ClusterMapJob.PathIn(run.FolderOf(Sources.Map)), coarse, FinePath(run, step) ?? "");
        using var tokens = TokensJob.Open(run.FolderOf(Sources.Tokens), ImageDatasetReader.TestSplit);
        var text = new BundleText(Name, tokens.ClassNames, sampling, new Dictionary<string, string>(), DataLicence: null);
        return BundlePacker.Pack(parts, directory, text, usual);
    }

    /// <summary>Returns the usual labels of the training images.</summary>
    public UsualLabels UsualLabels(JobRun run)
    {
        using var tokens = TokensJob.Open(run.FolderOf(Sources.Tokens), ImageDatasetReader.TrainSplit);
        return TokenStatistics.UsualLabels(tokens, ClusterMap.Load(ClusterMapJob.PathIn(run.FolderOf(Sources.Map))));
    }

    /// <summary>Returns the path of the fine stage after a step; null for a plain model.</summary>
    public string? FinePath(JobRun run, long step) => Fine?.PathIn(run.FolderOf(Fine), step);
}
