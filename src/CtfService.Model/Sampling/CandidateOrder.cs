namespace CtfService.Model.Sampling;

/// <summary>Sorts the labels that can be drawn, from the highest value to the lowest. Equal values keep the order of labels. Not thread-safe.</summary>
/// <param name="capacity">The largest number of values.</param>
internal sealed class CandidateOrder(int capacity)
{
    private readonly float[] _values = new float[capacity];
    private readonly int[] _labels = new int[capacity];

    /// <summary>Returns the labels whose value is above the least one. The next call overwrites them.</summary>
    public ReadOnlySpan<int> Descending(ReadOnlySpan<float> values, float least)
    {
        var count = 0;
        for (var label = 0; label < values.Length; label++)
        {
            if (values[label] > least)
            {
                _values[count] = values[label];
                _labels[count++] = label;
            }
        }

        var sorted = _values.AsSpan(0, count);
        var labels = _labels.AsSpan(0, count);
        sorted.Sort(labels);
        sorted.Reverse();
        labels.Reverse();
        SortTies(sorted, labels);
        return labels;
    }

    private static void SortTies(ReadOnlySpan<float> descending, Span<int> labels)
    {
        for (var start = 0; start < descending.Length;)
        {
            var end = start + 1;
            while (end < descending.Length && descending[end] == descending[start])
            {
                end++;
            }

            labels[start..end].Sort();
            start = end;
        }
    }
}
