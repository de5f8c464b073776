namespace CtfService.Model.Checkpoints.PyTorch;

// What a pickle can hold here, beside null, bool, long, BigInteger, double, string and byte[]: List<object?> for a list or set, object?[] for a tuple or
// frozen set,
// PyTorchTensor, PickleGlobal for a name that stands by itself, and the two below. All of it is data; none of it has behaviour.

/// <summary>A Python dict, of any of its classes, in the order of the file. The key None is <see cref="DBNull"/>.</summary>
internal sealed class PickleDictionary
{
    private readonly List<KeyValuePair<object, object?>> _items = [];
    private readonly Dictionary<string, int> _places = [];

    public IReadOnlyList<KeyValuePair<object, object?>> Items => _items;

    /// <summary>A text key set twice keeps the last value; keys of other kinds are only listed.</summary>
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

/// <summary>An object of a class that is kept as inert data.</summary>
/// <param name="typeName">As the pickle names it.</param>
/// <param name="arguments">What it was made of.</param>
internal sealed class PickleObject(string typeName, IReadOnlyList<object?> arguments)
{
    public string TypeName => typeName;

    public IReadOnlyList<object?> Arguments => arguments;

    public PickleDictionary Attributes { get; } = new();

    /// <summary>State that is not made of attributes; null if there is none.</summary>
    public object? State { get; set; }
}
