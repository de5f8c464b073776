namespace CtfService.Training.Evaluation.Statistics;

/// <summary>How many of the codewords, or of the clusters, a set of images uses, and how evenly.</summary>
/// <param name="Vocabulary">There are this many.</param>
/// <param name="Used">Occur at least once.</param>
/// <param name="Perplexity">exp of the entropy of their frequencies: as many used equally often would have it.</param>
public sealed record VocabularyUse(int Vocabulary, int Used, double Perplexity)
{
    /// <param name="counts">How often each occurs.</param>
    public static VocabularyUse Of(IReadOnlyList<long> counts)
    {
        var total = (double)counts.Sum();
        var entropy = counts.Where(count => count > 0).Sum(count => -(count / total) * Math.Log(count / total));
        return new VocabularyUse(counts.Count, counts.Count(count => count > 0), Math.Exp(entropy));
    }

    /// <summary>How often each label occurs.</summary>
    public static long[] Count(IEnumerable<int> labels, int vocabulary)
    {
        var counts = new long[vocabulary];
        foreach (var label in labels)
        {
            counts[label]++;
        }

        return counts;
    }
}
