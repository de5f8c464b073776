namespace CtfService.Training.Data.Labels;

/// <summary>Numbers the distinct labels of a set, so that an image needs only a number. Thread-safe.</summary>
internal sealed class LabelTable
{
    /// <summary>Number of an image without a label.</summary>
    public const int None = -1;

    private readonly Lock _lock = new();
    private readonly Dictionary<ImageLabel, int> _numbers = [];
    private readonly List<ImageLabel> _labels = [];

    /// <summary>The labels by number.</summary>
    public IReadOnlyList<ImageLabel> Labels => _labels;

    public ImageLabel? this[int number] => number == None ? null : _labels[number];

    public int NumberOf(ImageLabel? label)
    {
        if (label is null)
        {
            return None;
        }

        lock (_lock)
        {
            if (!_numbers.TryGetValue(label, out var number))
            {
                _numbers.Add(label, number = _labels.Count);
                _labels.Add(label);
            }

            return number;
        }
    }
}
