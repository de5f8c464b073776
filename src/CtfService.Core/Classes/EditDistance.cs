namespace CtfService.Core.Classes;

/// <summary>Computes the edit distance of two spellings.</summary>
public static class EditDistance
{
    /// <summary>
    /// Returns the number of insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal string alignment), or
    /// <paramref name="limit"/> + 1 if more are needed.
    /// </summary>
    public static int Between(string left, string right, int limit)
    {
        if (Math.Abs(left.Length - right.Length) > limit)
        {
            return limit + 1;
        }

        var (before, previous, current) = (new int[right.Length + 1], Enumerable.Range(0, right.Length + 1).ToArray(), new int[right.Length + 1]);
        for (var i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var isSame = left[i - 1] == right[j - 1];
                current[j] = Math.Min(previous[j - 1] + (isSame ? 0 : 1), Math.Min(previous[j], current[j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    current[j] = Math.Min(current[j], before[j - 2] + 1);
                }
            }

            (before, previous, current) = (previous, current, before);
        }

        return Math.Min(previous[right.Length], limit + 1);
    }
}
