using CtfService.Core.Models;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>
/// The named tensors of a weight file whose structure was checked when it was opened. Tensors are copied one by one, so that a file larger than the memory can
/// be read. Not thread-safe.
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

    /// <summary>The name of the file format, for display.</summary>
    public abstract string Container { get; }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    public long ParameterCount => Entries.Sum(entry => entry.ElementCount);

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <exception cref="CheckpointException">The file has no tensor of this name.</exception>
    public TensorEntry Entry(string name) => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new CheckpointException(
            $"{Path}: has no tensor '{name}'; it has {string.Join(", ", _byName.Keys.Take(10))}{(_byName.Count > 10 ? ", ..." : string.Empty)}.");

    /// <summary>Reads a tensor. The caller owns it.</summary>
    /// <param name="dtype">The dtype to cast to; null keeps the stored one.</param>
    /// <param name="device">Null means the CPU.</param>
    /// <exception cref="CheckpointException">The file has no tensor of this name, or it is larger than 2 GiB.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        var entry = Entry(name);
        using var scope = NewDisposeScope();
        var stored = empty([.. entry.Shape], entry.Dtype, CPU);
        CopyTo(name, stored);
        return stored.to(dtype ?? entry.Dtype, device ?? CPU).MoveToOuterDisposeScope();
    }

    /// <summary>Reads a tensor into one of the same shape, casting to its dtype and device. Holds at most one more tensor.</summary>
    /// <exception cref="CheckpointException">The file has no tensor of this name, or it is larger than 2 GiB.</exception>
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
            throw new CheckpointException($"{Path}: tensor '{name}' has {entry.ByteLength} bytes; at most {int.MaxValue} can be read.");
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

    /// <summary>Copies all elements of a tensor, little-endian and row-major.</summary>
    private protected abstract void CopyBytes(TensorEntry entry, Span<byte> destination);

    protected abstract void Dispose(bool disposing);
}
