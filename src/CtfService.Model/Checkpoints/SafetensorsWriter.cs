using System.Buffers.Binary;
using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>Writes safetensors files. The same tensors and metadata, in any order, give the same bytes.</summary>
public static class SafetensorsWriter
{
    /// <summary>The data section starts at a multiple of this, so that other programs can memory-map the file without copying.</summary>
    private const int Alignment = 8;

    /// <summary>Replaces the file atomically; if writing fails, the old file is kept.</summary>
    /// <param name="tensors">On any device; not disposed.</param>
    /// <param name="castFloatingTo">The dtype for floating-point tensors; null keeps theirs.</param>
    /// <param name="requireFinite">Rejects NaN and infinity after the cast. Set it for all weights of a model.</param>
    /// <exception cref="ArgumentException">A name is used twice or is reserved, or the format has no name for a dtype.</exception>
    /// <exception cref="CheckpointException"><paramref name="requireFinite"/> is set and a value is not finite.</exception>
    public static void Write(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? castFloatingTo = null,
        bool requireFinite = false) =>
        Write(path, tensors.Select(item => TensorSource.Of(item.Name, item.Tensor)), metadata, castFloatingTo, requireFinite);

    /// <summary>As the other overload, but holds one tensor at a time, so that files larger than the memory can be rewritten.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{ValueTuple{string, Tensor}}, IReadOnlyDictionary{string, string}, ScalarType?, bool)"/>
    public static void Write(
        string path,
        IEnumerable<TensorSource> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? castFloatingTo = null,
        bool requireFinite = false)
    {
        // Widest elements first: keeps every tensor aligned, as in the reference implementation. The name makes the order unique.
        var stored = tensors
            .Select(source => (Entry: source.Entry with { Dtype = StoredType(source.Entry.Dtype, castFloatingTo) }, source.Read))
            .OrderByDescending(item => ElementType.BytesOf(item.Entry.Dtype))
            .ThenBy(item => item.Entry.Name, StringComparer.Ordinal)
            .ToList();
        RequireUsableNames([.. stored.Select(item => item.Entry.Name)]);
        var header = Header(
            stored.Select(item => (item.Entry.Name, ElementType.NameOf(item.Entry.Dtype), item.Entry.Shape, item.Entry.ByteLength)), metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var (entry, read) in stored)
            {
                using var scope = NewDisposeScope();
                var elements = Elements(read, entry);
                if (requireFinite)
                {
                    RequireFinite(elements, entry, path);
                }

                if (entry.ElementCount > 0)
                {
                    stream.Write(elements.bytes);
                }
            }
        });
    }

    /// <summary>Writes tensors whose elements are already as they are stored, also of a dtype that libtorch does not have.</summary>
    /// <param name="metadata">Metadata of the file.</param>
    public static void WriteStored(string path, IEnumerable<StoredTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        List<StoredTensor> stored = [.. tensors.OrderByDescending(tensor => tensor.ElementBytes).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        RequireUsableNames([.. stored.Select(tensor => tensor.Name)]);
        var header = Header(stored.Select(tensor => (tensor.Name, tensor.Dtype, tensor.Shape, tensor.ByteLength)), metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var tensor in stored)
            {
                var start = stream.Position;
                tensor.Write(stream);
                if (stream.Position - start != tensor.ByteLength)
                {
                    throw new InvalidOperationException($"'{tensor.Name}' has {stream.Position - start} bytes; expected {tensor.ByteLength}.");
                }
            }
        });
    }

    private static ScalarType StoredType(ScalarType type, ScalarType? castFloatingTo) =>
        ElementType.IsFloatingPoint(type) ? castFloatingTo ?? type : type;

    private static void RequireUsableNames(string[] names)
    {
        string[] unusable = [.. names
            .CountBy(name => name)
            .Where(name => name.Value > 1 || name.Key == SafetensorsHeader.MetadataKey)
            .Select(name => name.Key)];
        if (unusable.Length > 0)
        {
            throw new ArgumentException(
                $"Tensor names must differ from each other and from {SafetensorsHeader.MetadataKey}: {string.Join(", ", unusable)}.", nameof(names));
        }
    }

    private static byte[] Header(
        IEnumerable<(string Name, string Dtype, IReadOnlyList<long> Shape, long ByteLength)> stored, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[sizeof(ulong)]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata ?? new Dictionary<string, string>());
            var offset = 0L;
            foreach (var entry in stored)
            {
                var end = offset + entry.ByteLength;
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", entry.Dtype);
                WriteNumbers(json, "shape", entry.Shape);
                WriteNumbers(json, "data_offsets", [offset, end]);
                json.WriteEndObject();
                offset = end;
            }

            json.WriteEndObject();
        }

        while (buffer.Length % Alignment != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        var header = buffer.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)(header.Length - sizeof(ulong)));
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.Count == 0)
        {
            return;
        }

        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach (var (key, value) in metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    /// <summary>Returns the tensor as it is stored: on the CPU, contiguous, with the dtype of the entry.</summary>
    private static Tensor Elements(Func<Tensor> read, TensorEntry entry)
    {
        var tensor = read();
        return tensor.shape.SequenceEqual(entry.Shape)
            ? tensor.detach().to(entry.Dtype, CPU).contiguous()
            : throw new InvalidOperationException($"'{entry.Name}' was declared as {entry.ShapeText}, but is [{string.Join(", ", tensor.shape)}].");
    }

    private static void RequireFinite(Tensor elements, TensorEntry entry, string path)
    {
        if (ElementType.IsFloatingPoint(entry.Dtype) && !elements.isfinite().all().item<bool>())
        {
            throw new CheckpointException(
                $"{path}: not written, because '{entry.Name}' contains NaN or infinity as {ElementType.NameOf(entry.Dtype)}. "
                + "Weights must be finite. Either the training diverged (train again with a smaller learning rate, or use an earlier checkpoint), "
                + "or the values do not fit this dtype (choose a wider one).");
        }
    }
}
