using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;
using CtfService.Training.Clusters;
using CtfService.Training.Experiments.Plan;
using static TorchSharp.torch;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Runs the swap study for k-means and random clusters and chooses a number of clusters by it.</summary>
internal sealed class SwapJob(SwapPlan plan, TokenizerJob tokenizer, TokensJob tokens, ClassifierJob classifier)
    : ExperimentJob("swaps", plan, tokenizer, tokens, classifier)
{
    private const int PictureRows = 8;

    public static string PictureIn(string folder) => Path.Combine(folder, "swaps.png");

    public override JsonObject Run(JobRun run)
    {
        var module = run.Inputs.Tokenizer(TokenizerJob.PathIn(run.FolderOf(tokenizer)));
        using var frozen = no_grad();
        using var codewords = module.Quantizer.Codewords();
        using var study = new SwapStudy(module, run.Inputs.Test, plan.Images, run.Inputs.Classifier(ClassifierJob.PathIn(run.FolderOf(classifier))));
        var ofTraining = TokensJob.Counts(run.FolderOf(tokens), module.Config.CodebookSize);
        var (maps, lines) = (new List<ClusterMap>(), new JsonArray());
        foreach (var kind in new[] { ClusterKind.Kmeans, ClusterKind.Random })
        {
            foreach (var clusters in plan.Clusters)
            {
                run.Cancellation.ThrowIfCancellationRequested();
                var map = kind.Compute(codewords, clusters, seed: 0);
                maps.Add(map);
                lines.Add(Line(kind, study.Measure(map, seed: 0), TokenEntropy.Of(ofTraining, map)));
            }
        }

        AtomicFile.WriteBytes(PictureIn(run.Folder), ImageCodec.Encode(study.Picture(maps, seed: 0, PictureRows), ImageFormat.Png));
        return new JsonObject
        {
            ["reconstruction_error"] = study.ReconstructionError,
            ["lines"] = lines,
            ["chosen"] = ClusterChoice.Choose(module, study, seed: 0, cancellation: run.Cancellation).ClusterCount,
        };
    }

    private static JsonObject Line(ClusterKind kind, SwapResult result, TokenEntropy entropy) => new()
    {
        ["kind"] = kind.ToString().ToLowerInvariant(),
        ["clusters"] = result.ClusterCount,
        ["squared_error"] = result.SquaredError,
        ["psnr"] = result.Psnr,
        ["psnr_to_original"] = result.PsnrToOriginal,
        ["agreement"] = result.Agreement,
        ["coarse_bits"] = entropy.Coarse,
        ["fine_bits"] = entropy.Fine,
    };
}
