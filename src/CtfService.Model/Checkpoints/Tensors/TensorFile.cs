using CtfService.Core.Models;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>
/// Named tensors in a file that was checked as a whole when it was opened: safetensors or PyTorch's own format. Tensors are copied out one by one, so a
/// file larger than the memory can be read in parts. One thread at a time.
/// </summary>
public abstract class TensorFile : IDisposable
{
    private readonly Dictionary<string, TensorEntry> _byName;

    private protected TensorFile(string path, IReadOnlyList<TensorEntry> entries)
    {
        Path = path;
        Entries = entries;
        _byName = entries.ToDictionary(entry => entry.Name);
    }

    public string Path { get; }

    /// <summary>Name of the file's format, for people.</summary>
    public abstract string Container { get; }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    public long ParameterCount => Entries.Sum(entry => entry.ElementCount);

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <exception cref="CheckpointException">No tensor of that name.</exception>
    public TensorEntry Entry(string name) => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new CheckpointException(
            $"{Path}: has no tensor '{name}'; it has {string.Join(", ", _byName.Keys.Take(10))}{(_byName.Count > 10 ? ", ..." : string.Empty)}.");

    /// <summary>Copies a tensor out of the file. The caller owns it.</summary>
    /// <param name="dtype">Element type to cast to; as stored where null.</param>
    /// <param name="device">The CPU where null.</param>
    /// <exception cref="CheckpointException">No tensor of that name, or it is larger than 2 GiB.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        var entry = Entry(name);
        using var scope = NewDisposeScope();
        var stored = empty([.. entry.Shape], entry.Dtype, CPU);
        CopyTo(name, stored);
        return stored.to(dtype ?? entry.Dtype, device ?? CPU).MoveToOuterDisposeScope();
    }

    /// <summary>Copies a tensor out of the file into one of the same shape, casting to its element type and device; at most one tensor is held beside it.</summary>
    /// <exception cref="CheckpointException">No tensor of that name, or it is larger than 2 GiB.</exception>
    public void CopyTo(string name, Tensor target)
    {
        var entry = Entry(name);
        if (!entry.Shape.SequenceEqual(target.shape))
        {
            throw new ArgumentException($"'{name}' is {entry.ShapeText}, the target is [{string.Join(", ", target.shape)}].", nameof(target));
        }

        if (entry.ElementCount == 0)
        {
            return;
        }

        if (entry.ByteLength > int.MaxValue)
        {
            throw new CheckpointException($"{Path}: tensor '{name}' takes {entry.ByteLength} bytes; at most {int.MaxValue} can be read.");
        }

        if (target.dtype == entry.Dtype && target.device_type == TorchSharp.DeviceType.CPU && target.is_contiguous())
        {
            CopyBytes(entry, target.bytes);
            return;
        }

        using var stored = empty([.. entry.Shape], entry.Dtype, CPU);
        CopyBytes(entry, stored.bytes);
        target.copy_(stored);
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes all elements, little-endian and row-major.</summary>
    private protected abstract void CopyBytes(TensorEntry entry, Span<byte> destination);

    protected abstract void Dispose(bool disposing);
}
