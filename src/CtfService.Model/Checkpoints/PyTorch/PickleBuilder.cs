using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>Makes the few things that a checkpoint's pickle may ask for, and checks every number on the way.</summary>
/// <param name="path">For error messages.</param>
/// <param name="fileLength">No view may be much larger than the file.</param>
internal sealed class PickleBuilder(string path, long fileLength)
{
    private readonly Dictionary<string, PyTorchStorage> _storages = [];

    /// <summary>Every storage that was named, by its key.</summary>
    public IReadOnlyDictionary<string, PyTorchStorage> Storages => _storages;

    /// <summary><c>callee(*arguments)</c>.</summary>
    public object? Call(PickleGlobal callee, object?[] arguments) => (callee, arguments) switch
    {
        (PickleGlobal.OrderedDict, []) => new PickleDictionary(),
        (PickleGlobal.OrderedDict, [List<object?> pairs]) => FromPairs(pairs),
        (PickleGlobal.SizeTuple, [object?[] sizes]) => sizes,
        (PickleGlobal.RebuildParameter, [PyTorchTensor tensor, ..]) => tensor,
        (PickleGlobal.RebuildTensor, [PyTorchStorage storage, long offset, object?[] shape, object?[] strides, ..]) => View(storage, offset, shape, strides),
        _ => throw Refuse($"the pickle calls {callee.Name} with arguments that do not fit it"),
    };

    /// <summary><c>type.__new__(type, *arguments)</c>.</summary>
    public object? New(PickleGlobal type, object?[] arguments) => (type, arguments) switch
    {
        (PickleGlobal.Namespace, []) => new PickleObject(type.Name),
        (PickleGlobal.OrderedDict, []) => new PickleDictionary(),
        _ => throw Refuse($"the pickle makes a {type.Name} in a way that does not fit it"),
    };

    /// <summary><c>("storage", class, key, device, element count[, view])</c>: PyTorch's only persistent id.</summary>
    public PyTorchStorage PersistentId(object? id)
    {
        if ((id as object?[]) is not ["storage", PickleGlobal.StorageClass type, string key, string, long count, .. var view] || view is not ([] or [null]))
        {
            throw Refuse("the pickle refers to something outside it that is not a storage");
        }

        var storage = new PyTorchStorage(key, type.Dtype, count);
        Require(count >= 0 && count <= fileLength / storage.ElementBytes, $"storage '{key}' announces {count} elements, more than the file of {fileLength} bytes can hold");
        Require(
            _storages.TryAdd(key, storage) || _storages[key] == storage,
            $"storage '{key}' is described twice, and not alike");
        return _storages[key];
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
        var dictionary = new PickleDictionary();
        foreach (var pair in pairs)
        {
            var (key, value) = pair switch
            {
                object?[] and [{ } first, var second] => (first, second),
                List<object?> and [{ } first, var second] => (first, second),
                _ => throw Refuse("the pickle makes an OrderedDict of something other than pairs"),
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
