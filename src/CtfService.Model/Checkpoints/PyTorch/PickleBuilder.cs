using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>Creates the values that the pickle of a checkpoint may request, and validates every number.</summary>
/// <param name="path">For error messages.</param>
/// <param name="fileLength">The length of the file in bytes; no tensor may be much larger.</param>
internal sealed class PickleBuilder(string path, long fileLength)
{
    private readonly Dictionary<string, PyTorchStorage> _storages = [];

    private long _copied;

    /// <summary>All storages of the pickle, by key.</summary>
    public IReadOnlyDictionary<string, PyTorchStorage> Storages => _storages;

    /// <summary>Evaluates <c>callee(*arguments)</c>.</summary>
    public object? Call(PickleGlobal callee, object?[] arguments) => (callee, arguments) switch
    {
        (PickleGlobal.DictionaryClass, []) => new PickleDictionary(),
        (PickleGlobal.DictionaryClass, [List<object?> pairs]) => FromPairs(pairs),
        (PickleGlobal.DictionaryClass, [PickleDictionary items]) => items,
        (PickleGlobal.DictionaryClass, [PickleGlobal or null]) => new PickleDictionary(), // the default factory of a defaultdict
        (PickleGlobal.SequenceClass, []) => new List<object?>(),
        (PickleGlobal.SequenceClass, [IReadOnlyList<object?> items, ..]) => items, // not copied, so that a small pickle cannot grow
        (PickleGlobal.BytesOfText, []) => Array.Empty<byte>(),
        (PickleGlobal.BytesOfText, [string text, string encoding]) => Encoded(text, encoding),
        (PickleGlobal.BytesOfText, [byte[] bytes]) => bytes,
        (PickleGlobal.BytesOfText, [long count and >= 0 and <= int.MaxValue]) => new PickleObject(callee.Name, [count]), // that many zeros
        (PickleGlobal.Reconstructor, [PickleGlobal type, PickleGlobal, null]) => New(type, []),
        (PickleGlobal.SizeTuple, [object?[] sizes]) => sizes,
        (PickleGlobal.TensorItself, [PyTorchTensor tensor, ..]) => tensor,
        (PickleGlobal.Rebuild, [PyTorchStorage storage, long offset, object?[] shape, object?[] strides, _, _, PickleGlobal.ElementClass element, ..]) =>
            View(Retyped(storage, element.Type), offset, shape, strides),
        (PickleGlobal.Rebuild, [PyTorchStorage storage, long offset, object?[] shape, object?[] strides, ..]) => View(storage, offset, shape, strides),
        (PickleGlobal.RebuildFromType, [PickleGlobal.Rebuild or PickleGlobal.TensorItself, PickleGlobal, object?[] inner, ..]) =>
            Call((PickleGlobal)arguments[0]!, inner),
        (PickleGlobal.Inert, _) => new PickleObject(callee.Name, arguments),
        _ => throw Refuse($"the pickle calls {callee.Name} with unexpected arguments"),
    };

    /// <summary>Evaluates <c>type.__new__(type, *arguments)</c>.</summary>
    public object? New(PickleGlobal type, object?[] arguments) => type is PickleGlobal.Inert or PickleGlobal.DictionaryClass or PickleGlobal.SequenceClass
        ? Call(type, arguments)
        : throw Refuse($"the pickle calls {type.Name}.__new__, which is not supported");

    /// <summary>Resolves <c>("storage", class, key, device, element count[, view])</c>, the only persistent id of PyTorch.</summary>
    public PyTorchStorage PersistentId(object? id)
    {
        if ((id as object?[]) is not ["storage", PickleGlobal.StorageClass type, string key, string, long count, .. var view] || view is not ([] or [null]))
        {
            throw Refuse("the pickle has a persistent id that is not a storage");
        }

        var storage = new PyTorchStorage(key, type.Type, count);
        Require(count >= 0 && count <= fileLength / storage.ElementBytes, $"storage '{key}' declares {count} elements, "
            + $"more than the file of {fileLength} bytes can hold");
        Require(
            _storages.TryAdd(key, storage) || _storages[key] == storage,
            $"storage '{key}' is described twice with different dtypes or lengths");
        return _storages[key];
    }

    /// <summary>Newer dtypes have no storage class; the pickle names them next to an untyped storage.</summary>
    private static PyTorchStorage Retyped(PyTorchStorage storage, StoredType type) => new(storage.Key, type, storage.ByteLength / type.Bytes);

    private byte[] Encoded(string text, string encoding)
    {
        Copy(text.Length);
        try
        {
            return encoding.ToUpperInvariant() is "LATIN1" or "LATIN-1" or "ISO-8859-1"
                ? Encoding.GetEncoding("iso-8859-1", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback).GetBytes(text)
                : encoding.ToUpperInvariant() is "UTF-8" or "UTF8" or "ASCII" ? Encoding.UTF8.GetBytes(text)
                : throw Refuse($"the pickle has bytes in the unsupported encoding '{encoding}'");
        }
        catch (EncoderFallbackException error)
        {
            throw new CheckpointException($"{path}: the pickle has a string that cannot be encoded as '{encoding}'.", error);
        }
    }

    /// <summary>Counts copied values, so that a small pickle cannot grow by copying one value repeatedly.</summary>
    /// <exception cref="CheckpointException">The pickle copies more values than any valid one.</exception>
    public void Copy(int count)
    {
        _copied += count;
        Require(_copied <= PickleLimits.Length, $"the pickle copies more than {PickleLimits.Length} values");
    }

    private PyTorchTensor View(PyTorchStorage storage, long offset, object?[] shape, object?[] strides)
    {
        var sizes = Counts(shape, "size");
        var steps = Counts(strides, "stride");
        Require(sizes.Length == steps.Length && sizes.Length <= PickleLimits.Dimensions, $"a tensor has {sizes.Length} sizes and {steps.Length} strides");
        Require(offset >= 0, $"a tensor has the storage_offset {offset}; expected at least 0");
        try
        {
            var elements = sizes.Aggregate(1L, (product, size) => checked(product * size));
            var last = elements == 0
                ? offset
                : sizes.Zip(steps, (size, step) => checked((size - 1) * step)).Aggregate(offset, (sum, part) => checked(sum + part));
            Require(
                elements == 0 ? last <= storage.ElementCount : last < storage.ElementCount,
                $"a tensor [{string.Join(", ", sizes)}] reaches element {last} of storage '{storage.Key}', which has {storage.ElementCount} elements");
            Require(
                checked(elements * storage.ElementBytes) <= fileLength + PickleLimits.RepeatedBytes,
                $"a tensor [{string.Join(", ", sizes)}] repeats elements (stride 0) and is larger than its file of {fileLength} bytes");
        }
        catch (OverflowException error)
        {
            throw new CheckpointException($"{path}: a tensor [{string.Join(", ", sizes)}] has too many elements: their number overflows.", error);
        }

        return new PyTorchTensor(storage, offset, sizes, steps);
    }

    private long[] Counts(object?[] numbers, string what)
    {
        Require(numbers.Length <= PickleLimits.Dimensions, $"a tensor has {numbers.Length} dimensions; expected at most {PickleLimits.Dimensions}");
        return [.. numbers.Select(number => number is >= 0L ? (long)number : throw Refuse($"a tensor has a {what} that is not a non-negative integer"))];
    }

    private PickleDictionary FromPairs(List<object?> pairs)
    {
        Copy(pairs.Count);
        var dictionary = new PickleDictionary();
        foreach (var pair in pairs)
        {
            var (key, value) = pair switch
            {
                object?[] and [var first, var second] => (first ?? DBNull.Value, second),
                List<object?> and [var first, var second] => (first ?? DBNull.Value, second),
                _ => throw Refuse("the pickle creates a dict from items that are not pairs"),
            };
            dictionary.Set(key, value);
        }

        return dictionary;
    }

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw Refuse(problem);
        }
    }

    private CheckpointException Refuse(string problem) => new($"{path}: {problem}.");
}
