namespace CtfService.Model.Clusters;

/// <summary>
/// The most usual coarse labels of each class in each cell of the grid, with their frequencies. They are guesses at labels, from which a decode step computes
/// several positions of an image at once, so they change the time of an image and never the image. Immutable.
/// </summary>
public sealed class UsualLabels
{
    /// <summary>Stands for no label, where a class has fewer labels in a cell than there is room for.</summary>
    internal const int NoLabel = -1;

    private readonly int[] _labels;           // [classes, T, K], ascending in each cell, NoLabel last
    private readonly float[] _logFrequencies; // [classes, T, K]
    private readonly bool[] _covers;          // [classes]

    private UsualLabels(int positions, int most, int[] labels, float[] logFrequencies)
    {
        (Positions, Most, _labels, _logFrequencies) = (positions, most, labels, logFrequencies);
        Classes = labels.Length / (positions * most);
        _covers = [.. Enumerable.Range(0, Classes).Select(classId => Enumerable.Range(0, positions).All(cell => LabelsOf(classId, cell).Length > 0))];
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>T.</summary>
    public int Positions { get; }

    /// <summary>K: the largest number of labels of a cell.</summary>
    public int Most { get; }

    /// <summary>[classes, T, K].</summary>
    internal ReadOnlySpan<int> Labels => _labels;

    /// <summary>[classes, T, K].</summary>
    internal ReadOnlySpan<float> LogFrequencies => _logFrequencies;

    /// <summary>Returns whether every cell of a class has a label. A class of which no image was counted has none.</summary>
    public bool Covers(int classId) => classId < Classes && _covers[classId];

    /// <summary>Returns the labels of a cell, ascending; at most K, and none if none was counted.</summary>
    public ReadOnlySpan<int> LabelsOf(int classId, int cell)
    {
        var labels = _labels.AsSpan(Start(classId, cell), Most);
        var count = labels.IndexOf(NoLabel);
        return count < 0 ? labels : labels[..count];
    }

    /// <summary>Returns the natural logarithm of the frequency of each of <see cref="LabelsOf"/>, at most 0.</summary>
    public ReadOnlySpan<float> LogFrequenciesOf(int classId, int cell) =>
        _logFrequencies.AsSpan(Start(classId, cell), LabelsOf(classId, cell).Length);

    /// <summary>Joins the labels of several groups of classes, in this order.</summary>
    /// <param name="parts">At least one; all with the same T and K.</param>
    public static UsualLabels Join(IReadOnlyList<UsualLabels> parts) => new(
        parts[0].Positions,
        parts[0].Most,
        [.. parts.SelectMany(part => part._labels)],
        [.. parts.SelectMany(part => part._logFrequencies)]);

    /// <summary>Writes a file of a bundle.</summary>
    public void Save(string path) => UsualLabelsFile.Save(this, path);

    /// <summary>Checks the values and creates the table.</summary>
    /// <param name="positions">T.</param>
    /// <param name="most">K, at least 1.</param>
    /// <param name="vocabulary">V: labels are 0 to V - 1.</param>
    /// <param name="labels">[classes, T, K].</param>
    /// <param name="logFrequencies">[classes, T, K].</param>
    /// <param name="problem">What is wrong with the first wrong value; null if none is.</param>
    /// <returns>Null if there is a problem.</returns>
    internal static UsualLabels? TryCreate(int positions, int most, int vocabulary, int[] labels, float[] logFrequencies, out string? problem)
    {
        for (var i = 0; i < labels.Length; i++)
        {
            if (Problem(labels[i], i % most == 0 ? null : labels[i - 1], logFrequencies[i], vocabulary) is { } found)
            {
                problem = $"class {i / most / positions}, cell {i / most % positions}: {found}";
                return null;
            }
        }

        problem = null;
        return new UsualLabels(positions, most, labels, logFrequencies);
    }

    /// <param name="before">The label before it in the same cell; null for the first.</param>
    private static string? Problem(int label, int? before, float logFrequency, int vocabulary) => (label, before) switch
    {
        ( < NoLabel, _) => $"the label is {label}, expected 0 to {vocabulary - 1}, or {NoLabel} for none",
        _ when label >= vocabulary => $"the label is {label}, expected 0 to {vocabulary - 1}, or {NoLabel} for none",
        (NoLabel, _) => float.IsNegativeInfinity(logFrequency) ? null : FormattableString.Invariant(
            $"the logarithm of the frequency of no label is {logFrequency}, expected minus infinity"),
        (_, NoLabel) => $"the label {label} comes after {NoLabel}, which must be last",
        _ when label <= before => $"the label {label} comes after {before}; labels of a cell must ascend",
        _ => logFrequency is <= 0 and > float.NegativeInfinity ? null : FormattableString.Invariant(
            $"the logarithm of the frequency of label {label} is {logFrequency}, expected a finite number of at most 0"),
    };

    private int Start(int classId, int cell) => ((classId * Positions) + cell) * Most;
}
