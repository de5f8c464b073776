using CtfService.Model.Clusters;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>Counts of each codeword and each cluster in the tokens of generated images and of test images.</summary>
/// <param name="GeneratedClusters">Null for a model without clusters.</param>
public sealed record TokenCounts(long[] Generated, long[] Test, long[]? GeneratedClusters, long[]? TestClusters)
{
    internal static TokenCounts Of(SampledModel model, Reconstructions test)
    {
        var generated = VocabularyUse.Count(model.Samples.Tokens.SelectMany(tokens => tokens), model.Description.CodebookSize);
        return model.Clusters is { } map
            ? new TokenCounts(generated, test.TokenCounts, ByCluster(map, generated), ByCluster(map, test.TokenCounts))
            : new TokenCounts(generated, test.TokenCounts, GeneratedClusters: null, TestClusters: null);
    }

    internal TokenReport Report() => new(
        VocabularyUse.Of(Generated),
        VocabularyUse.Of(Test),
        GeneratedClusters is null ? null : VocabularyUse.Of(GeneratedClusters),
        TestClusters is null ? null : VocabularyUse.Of(TestClusters));

    private static long[] ByCluster(ClusterMap map, long[] tokenCounts)
    {
        var counts = new long[map.ClusterCount];
        for (var token = 0; token < tokenCounts.Length; token++)
        {
            counts[map.ClusterOf(token)] += tokenCounts[token];
        }

        return counts;
    }
}
