namespace CtfService.Model.Checkpoints.PyTorch;

// The values of a pickle: null, bool, long, BigInteger, double, string and byte[]; List<object?> for a list or set; object?[] for a tuple or frozenset;
// PyTorchTensor; PickleGlobal for a name that is not called; and the two types below. All of them are plain data.

/// <summary>A Python dict of any class, in the order of the file. <see cref="DBNull"/> stands for the key None.</summary>
internal sealed class PickleDictionary
{
    private readonly List<KeyValuePair<object, object?>> _items = [];
    private readonly Dictionary<string, int> _places = [];

    public IReadOnlyList<KeyValuePair<object, object?>> Items => _items;

    /// <summary>Adds an item. A string key that is set twice keeps the last value; keys of other types are not looked up.</summary>
    public void Set(object key, object? value)
    {
        if (key is string text && !_places.TryAdd(text, _items.Count))
        {
            _items[_places[text]] = new(key, value);
            return;
        }

        _items.Add(new(key, value));
    }

    public object? Get(string key) => _places.TryGetValue(key, out var place) ? _items[place].Value : null;
}

/// <summary>An instance of a class that the reader does not interpret.</summary>
/// <param name="typeName">The name in the pickle.</param>
/// <param name="arguments">The arguments that created it.</param>
internal sealed class PickleObject(string typeName, IReadOnlyList<object?> arguments)
{
    public string TypeName => typeName;

    public IReadOnlyList<object?> Arguments => arguments;

    public PickleDictionary Attributes { get; } = new();

    /// <summary>The state if it is not a dict of attributes; null if there is none.</summary>
    public object? State { get; set; }
}
