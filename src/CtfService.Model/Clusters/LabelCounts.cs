using System.Runtime.InteropServices;

namespace CtfService.Model.Clusters;

/// <summary>Counts coarse labels by class and cell. Not thread-safe.</summary>
/// <param name="classes">The number of classes.</param>
/// <param name="positions">T.</param>
/// <param name="vocabulary">V: labels are 0 to V - 1.</param>
public sealed class LabelCounts(int classes, int positions, int vocabulary)
{
    /// <summary>Labels that are kept of each cell. They make up most draws, and one draft reads all of them.</summary>
    private const int Most = 16;

    private readonly Dictionary<int, int>[] _counts = [.. Enumerable.Range(0, classes * positions).Select(_ => new Dictionary<int, int>())];

    /// <summary>Counts the labels of an image.</summary>
    /// <param name="labels">[T].</param>
    /// <exception cref="ArgumentException">There are not T labels, or a label or the class is out of range.</exception>
    public void Add(int classId, ReadOnlySpan<int> labels)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(classId);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(classId, classes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(labels.Length, positions);
        for (var cell = 0; cell < positions; cell++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(labels[cell]);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(labels[cell], vocabulary);
            CollectionsMarshal.GetValueRefOrAddDefault(_counts[(classId * positions) + cell], labels[cell], out _)++;
        }
    }

    /// <summary>Returns the most usual labels of each class and cell; of several with the same count the lowest ones.</summary>
    public UsualLabels MostUsual()
    {
        var labels = new int[_counts.Length * Most];
        var logFrequencies = new float[labels.Length];
        labels.AsSpan().Fill(UsualLabels.NoLabel);
        logFrequencies.AsSpan().Fill(float.NegativeInfinity);
        for (var place = 0; place < _counts.Length; place++)
        {
            double images = _counts[place].Values.Sum();
            var usual = _counts[place].OrderByDescending(label => label.Value).ThenBy(label => label.Key).Take(Most).OrderBy(label => label.Key);
            foreach (var (i, (label, count)) in usual.Index())
            {
                labels[(place * Most) + i] = label;
                logFrequencies[(place * Most) + i] = (float)Math.Log(count / images);
            }
        }

        return UsualLabels.TryCreate(positions, Most, vocabulary, labels, logFrequencies, out var problem) ?? throw new InvalidOperationException(problem);
    }
}
