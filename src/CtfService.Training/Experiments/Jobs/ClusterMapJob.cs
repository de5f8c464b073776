using System.Text.Json.Nodes;
using CtfService.Model.Clusters;
using CtfService.Training.Clusters;
using static TorchSharp.torch;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Computes a cluster map of the tokenizer's codebook.</summary>
internal sealed class ClusterMapJob : ExperimentJob
{
    private readonly TokenizerJob _tokenizer;
    private readonly TokensJob _tokens;
    private readonly int? _clusters;
    private readonly ClusterKind _kind;

    /// <param name="clusters">Number of clusters; null if each codeword is its own cluster.</param>
    public ClusterMapJob(int? clusters, ClusterKind kind, TokenizerJob tokenizer, TokensJob tokens)
        : base($"clusters/{NameOf(clusters, kind)}", new Dictionary<string, object?> { ["clusters"] = clusters, ["kind"] = kind }, tokenizer, tokens)
    {
        _clusters = clusters;
        _kind = kind;
        _tokenizer = tokenizer;
        _tokens = tokens;
    }

    public static string PathIn(string folder) => Path.Combine(folder, "cluster-map.safetensors");

    public override JsonObject Run(JobRun run)
    {
        var tokenizer = run.Inputs.Tokenizer(TokenizerJob.PathIn(run.FolderOf(_tokenizer)));
        using var frozen = no_grad();
        using var codewords = tokenizer.Quantizer.Codewords();
        var map = _clusters is { } clusters ? _kind.Compute(codewords, clusters, seed: 0) : ClusterMap.Identity(codewords);
        map.Save(PathIn(run.Folder));
        var entropy = TokenEntropy.Of(TokensJob.Counts(run.FolderOf(_tokens), map.CodebookSize), map);
        return new JsonObject
        {
            ["clusters"] = map.ClusterCount,
            ["largest_cluster"] = map.LargestCluster,
            ["coarse_bits"] = entropy.Coarse,
            ["fine_bits"] = entropy.Fine,
        };
    }

    private static string NameOf(int? clusters, ClusterKind kind) =>
        clusters is null ? "all" : kind == ClusterKind.Random ? $"random-{clusters}" : $"{clusters}";
}
