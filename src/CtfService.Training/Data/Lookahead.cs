namespace CtfService.Training.Data;

/// <summary>Items that can be looked at before they are taken.</summary>
internal sealed class Lookahead<T>(IEnumerable<T> items) : IDisposable
{
    private readonly IEnumerator<T> _items = items.GetEnumerator();
    private readonly List<T> _ahead = [];

    /// <summary>Takes the next items; fewer if the items end.</summary>
    public IReadOnlyList<T> Take(int count)
    {
        while (_ahead.Count < count && _items.MoveNext())
        {
            _ahead.Add(_items.Current);
        }

        List<T> taken = [.. _ahead.Take(count)];
        _ahead.RemoveRange(0, taken.Count);
        return taken;
    }

    /// <summary>Returns the next items without taking them.</summary>
    public IEnumerable<T> Peek()
    {
        for (var place = 0; place < _ahead.Count || _items.MoveNext(); place++)
        {
            if (place == _ahead.Count)
            {
                _ahead.Add(_items.Current);
            }

            yield return _ahead[place];
        }
    }

    public void Dispose() => _items.Dispose();
}
