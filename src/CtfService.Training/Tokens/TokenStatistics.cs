using CtfService.Model.Clusters;

namespace CtfService.Training.Tokens;

/// <summary>Counts over all rows of a token set.</summary>
public static class TokenStatistics
{
    /// <summary>Returns how often each token occurs: [K].</summary>
    public static IReadOnlyList<long> Counts(TokenSet tokens, int codebookSize)
    {
        var counts = new long[codebookSize];
        var row = new int[tokens.Positions];
        for (var number = 0; number < tokens.ClassIds.Count; number++)
        {
            tokens.Read(number, row);
            foreach (var token in row)
            {
                counts[token]++;
            }
        }

        return counts;
    }

    /// <summary>Returns the usual labels of the images, for the drafts of decode steps.</summary>
    /// <param name="map">The map that the coarse stage was trained with.</param>
    public static UsualLabels UsualLabels(TokenSet tokens, ClusterMap map)
    {
        // One class at a time, because the counts of all classes take gigabytes.
        var rowsOfClasses = Enumerable.Range(0, tokens.ClassIds.Count).ToLookup(row => tokens.ClassIds[row]);
        var classIds = Enumerable.Range(0, tokens.ClassNames.Count);
        return Model.Clusters.UsualLabels.Join([.. classIds.Select(classId => OfClass(tokens, map, rowsOfClasses[classId]))]);
    }

    private static UsualLabels OfClass(TokenSet tokens, ClusterMap map, IEnumerable<int> rows)
    {
        var counts = new LabelCounts(classes: 1, tokens.Positions, map.ClusterCount);
        var row = new int[tokens.Positions];
        foreach (var number in rows)
        {
            tokens.Read(number, row);
            counts.Add(0, map.Coarsen(row));
        }

        return counts.MostUsual();
    }
}
