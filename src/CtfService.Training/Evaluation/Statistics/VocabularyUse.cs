namespace CtfService.Training.Evaluation.Statistics;

/// <summary>How many codewords or clusters a set of images uses, and how evenly.</summary>
/// <param name="Vocabulary">Size of the vocabulary.</param>
/// <param name="Used">Number of entries that occur at least once.</param>
/// <param name="Perplexity">exp of the entropy of the frequencies: the number of equally frequent entries with the same entropy.</param>
public sealed record VocabularyUse(int Vocabulary, int Used, double Perplexity)
{
    /// <summary>Computes the use from counts.</summary>
    /// <param name="counts">Count of each entry.</param>
    public static VocabularyUse Of(IReadOnlyList<long> counts)
    {
        var total = (double)counts.Sum();
        var entropy = counts.Where(count => count > 0).Sum(count => -(count / total) * Math.Log(count / total));
        return new VocabularyUse(counts.Count, counts.Count(count => count > 0), Math.Exp(entropy));
    }

    /// <summary>Counts each label.</summary>
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
