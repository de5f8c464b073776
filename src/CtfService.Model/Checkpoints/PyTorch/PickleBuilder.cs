using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>Makes the few things that a checkpoint's pickle may ask for, and checks every number on the way.</summary>
/// <param name="path">For error messages.</param>
/// <param name="fileLength">No view may be much larger than the file.</param>
internal sealed class PickleBuilder(string path, long fileLength)
{
    private readonly Dictionary<string, PyTorchStorage> _storages = [];

    private long _copied;

    /// <summary>Every storage that was named, by its key.</summary>
    public IReadOnlyDictionary<string, PyTorchStorage> Storages => _storages;

    /// <summary><c>callee(*arguments)</c>.</summary>
    public object? Call(PickleGlobal callee, object?[] arguments) => (callee, arguments) switch
    {
        (PickleGlobal.DictionaryClass, []) => new PickleDictionary(),
        (PickleGlobal.DictionaryClass, [List<object?> pairs]) => FromPairs(pairs),
        (PickleGlobal.DictionaryClass, [PickleDictionary items]) => items,
        (PickleGlobal.DictionaryClass, [PickleGlobal or null]) => new PickleDictionary(), // a defaultdict's class of new values
        (PickleGlobal.SequenceClass, []) => new List<object?>(),
        (PickleGlobal.SequenceClass, [IReadOnlyList<object?> items, ..]) => items, // not copied: a small pickle must not grow
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
        _ => throw Refuse($"the pickle calls {callee.Name} with arguments that do not fit it"),
    };

    /// <summary><c>type.__new__(type, *arguments)</c>.</summary>
    public object? New(PickleGlobal type, object?[] arguments) => type is PickleGlobal.Inert or PickleGlobal.DictionaryClass or PickleGlobal.SequenceClass
        ? Call(type, arguments)
        : throw Refuse($"the pickle makes a {type.Name} in a way that does not fit it");

    /// <summary><c>("storage", class, key, device, element count[, view])</c>: PyTorch's only persistent id.</summary>
    public PyTorchStorage PersistentId(object? id)
    {
        if ((id as object?[]) is not ["storage", PickleGlobal.StorageClass type, string key, string, long count, .. var view] || view is not ([] or [null]))
        {
            throw Refuse("the pickle refers to something outside it that is not a storage");
        }

        var storage = new PyTorchStorage(key, type.Type, count);
        Require(count >= 0 && count <= fileLength / storage.ElementBytes, $"storage '{key}' announces {count} elements, "
            + $"more than the file of {fileLength} bytes can hold");
        Require(
            _storages.TryAdd(key, storage) || _storages[key] == storage,
            $"storage '{key}' is described twice, and not alike");
        return _storages[key];
    }

    /// <summary>Types that came after the storage classes name themselves beside a storage of bytes.</summary>
    private static PyTorchStorage Retyped(PyTorchStorage storage, StoredType type) => new(storage.Key, type, storage.ByteLength / type.Bytes);

    private byte[] Encoded(string text, string encoding)
    {
        Copy(text.Length);
        try
        {
            return encoding.ToUpperInvariant() is "LATIN1" or "LATIN-1" or "ISO-8859-1"
                ? Encoding.GetEncoding("iso-8859-1", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback).GetBytes(text)
                : encoding.ToUpperInvariant() is "UTF-8" or "UTF8" or "ASCII" ? Encoding.UTF8.GetBytes(text)
                : throw Refuse($"the pickle has bytes in the encoding '{encoding}'");
        }
        catch (EncoderFallbackException error)
        {
            throw new CheckpointException($"{path}: the pickle has bytes that are not of the encoding '{encoding}'.", error);
        }
    }

    /// <summary>Counts what is copied out of other values, so that a small pickle cannot grow by copying one value again and again.</summary>
    /// <exception cref="CheckpointException">More than a sound pickle copies.</exception>
    public void Copy(int count)
    {
        _copied += count;
        Require(_copied <= PickleLimits.Length, $"the pickle copies its values more than {PickleLimits.Length} times");
    }

    private PyTorchTensor View(PyTorchStorage storage, long offset, object?[] shape, object?[] strides)
    {
        var sizes = Counts(shape, "size");
        var steps = Counts(strides, "stride");
        Require(sizes.Length == steps.Length && sizes.Length <= PickleLimits.Dimensions, $"a tensor has {sizes.Length} sizes and {steps.Length} strides");
        Require(offset >= 0, $"a tensor starts at element {offset} of storage '{storage.Key}'");
        try
        {
            var elements = sizes.Aggregate(1L, (product, size) => checked(product * size));
            var last = elements == 0 ? offset : sizes.Zip(steps, (size, step) => checked((size - 1) * step)).Aggregate(offset, (sum, part) => checked(sum + part));
            Require(
                elements == 0 ? last <= storage.ElementCount : last < storage.ElementCount,
                $"a tensor [{string.Join(", ", sizes)}] reaches element {last} of storage '{storage.Key}', which has {storage.ElementCount}");
            Require(
                checked(elements * storage.ElementBytes) <= fileLength + PickleLimits.RepeatedBytes,
                $"a tensor [{string.Join(", ", sizes)}] is larger than its file of {fileLength} bytes by repeating elements");
        }
        catch (OverflowException error)
        {
            throw new CheckpointException($"{path}: a tensor [{string.Join(", ", sizes)}] has more elements than any file can hold.", error);
        }

        return new PyTorchTensor(storage, offset, sizes, steps);
    }

    private long[] Counts(object?[] numbers, string what)
    {
        Require(numbers.Length <= PickleLimits.Dimensions, $"a tensor has {numbers.Length} dimensions, expected at most {PickleLimits.Dimensions}");
        return [.. numbers.Select(number => number is >= 0L ? (long)number : throw Refuse($"a tensor has a {what} that is not a number of 0 or more"))];
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
                _ => throw Refuse("the pickle makes a dict of something other than pairs"),
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
