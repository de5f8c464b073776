using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>Writes safetensors files. Same tensors and metadata, in any order: same bytes.</summary>
public static class SafetensorsWriter
{
    /// <summary>The data section starts at a multiple of this, so that a map can be read without copying.</summary>
    private const int Alignment = 8;

    /// <summary>Replaces the file at once; a failure leaves the old one.</summary>
    /// <param name="tensors">On any device; not disposed.</param>
    /// <param name="castFloatingTo">Element type for floating-point tensors; as they are where null.</param>
    /// <exception cref="ArgumentException">A name stands twice or is reserved, or an element type has no name in the format.</exception>
    public static void Write(
        string path,
        IEnumerable<(string Name, Tensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? castFloatingTo = null)
    {
        // Widest elements first keeps every tensor aligned, as in the reference implementation; the name makes the order unique.
        var stored = tensors
            .Select(item => (item.Name, item.Tensor, Dtype: StoredType(item.Tensor, castFloatingTo)))
            .OrderByDescending(item => SafetensorsDtype.BytesOf(item.Dtype))
            .ThenBy(item => item.Name, StringComparer.Ordinal)
            .ToList();
        RequireUsableNames([.. stored.Select(item => item.Name)]);
        var header = Header(stored, metadata ?? new Dictionary<string, string>());
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var (_, tensor, dtype) in stored)
            {
                WriteElements(stream, tensor, dtype);
            }
        });
    }

    private static ScalarType StoredType(Tensor tensor, ScalarType? castFloatingTo) =>
        tensor.is_floating_point() ? castFloatingTo ?? tensor.dtype : tensor.dtype;

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

    private static byte[] Header(IEnumerable<(string Name, Tensor Tensor, ScalarType Dtype)> stored, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[sizeof(ulong)]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            var offset = 0L;
            foreach (var (name, tensor, dtype) in stored)
            {
                var end = offset + (tensor.numel() * SafetensorsDtype.BytesOf(dtype));
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsDtype.NameOf(dtype));
                WriteNumbers(json, "shape", tensor.shape);
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

    private static void WriteElements(Stream stream, Tensor tensor, ScalarType dtype)
    {
        if (tensor.numel() == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        stream.Write(tensor.detach().to(dtype, CPU).contiguous().bytes);
    }
}
