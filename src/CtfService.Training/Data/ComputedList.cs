using System.Collections;

namespace CtfService.Training.Data;

/// <summary>A list whose items are computed each time they are read, so that it needs no memory for them.</summary>
internal sealed class ComputedList<T>(int count, Func<int, T> item) : IReadOnlyList<T>
{
    public int Count => count;

    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
            return item(index);
        }
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (var index = 0; index < count; index++)
        {
            yield return item(index);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
