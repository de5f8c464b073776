using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints;

/// <summary>
/// The JSON header of a safetensors file. It is valid only if every byte of the data section belongs to exactly one tensor (huggingface/safetensors, README,
/// "Format").
/// </summary>
internal sealed class SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";

    private readonly string _path;
    private readonly List<(TensorEntry Tensor, StoredType Stored, long Offset)> _entries = [];
    private readonly Dictionary<string, string> _metadata = [];
    private Dictionary<string, (StoredType Type, long Offset)> _locations = [];

    private SafetensorsHeader(string path) => _path = path;

    /// <summary>In the order of their data.</summary>
    public IReadOnlyList<TensorEntry> Entries => [.. _entries.Select(entry => entry.Tensor)];

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Gets the stored type of a tensor and the offset of its first byte in the data section.</summary>
    public (StoredType Type, long Offset) LocationOf(string name) => _locations[name];

    /// <param name="path">For error messages.</param>
    /// <param name="dataLength">The number of bytes after the header.</param>
    /// <exception cref="CheckpointException">The header is not valid for this number of bytes.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlyMemory<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(path);
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            header.ReadRoot(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) // InvalidOperationException: text that is not Unicode
        {
            throw new CheckpointException(
                $"{path}: the safetensors header is not valid JSON ({error.Message}). The file is damaged or in another format.", error);
        }

        header.RequireGaplessLayout(dataLength);
        header._locations = header._entries.ToDictionary(entry => entry.Tensor.Name, entry => (entry.Stored, entry.Offset));
        return header;
    }

    private void ReadRoot(JsonElement root)
    {
        Require(root.ValueKind == JsonValueKind.Object, $"the header is a JSON {root.ValueKind}; expected an object of tensors");
        foreach (var property in root.EnumerateObject())
        {
            if (property.NameEquals(MetadataKey))
            {
                ReadMetadata(property.Value);
            }
            else
            {
                _entries.Add(ReadEntry(property.Name, property.Value));
            }
        }
    }

    private void ReadMetadata(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return; // treated as absent, as in the reference implementation
        }

        Require(element.ValueKind == JsonValueKind.Object, $"{MetadataKey} is a JSON {element.ValueKind}; expected an object of strings");
        foreach (var property in element.EnumerateObject())
        {
            Require(
                property.Value.ValueKind == JsonValueKind.String,
                $"{MetadataKey} entry '{property.Name}' is a JSON {property.Value.ValueKind}; expected a string");
            _metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private (TensorEntry Tensor, StoredType Stored, long Offset) ReadEntry(string name, JsonElement element)
    {
        Require(element.ValueKind == JsonValueKind.Object, $"tensor '{name}' is described by a JSON {element.ValueKind}; expected an object");
        foreach (var property in element.EnumerateObject())
        {
            Require(
                property.Name is "dtype" or "shape" or "data_offsets",
                $"tensor '{name}' has the unknown field '{property.Name}'; expected dtype, shape and data_offsets");
        }

        var dtype = ReadDtype(name, element);
        var shape = ReadNumbers(name, element, "shape");
        var offsets = ReadNumbers(name, element, "data_offsets");
        Require(shape.Length <= TensorEntry.MaxDimensions, $"tensor '{name}' has {shape.Length} dimensions; expected at most {TensorEntry.MaxDimensions}");
        Require(
            offsets.Length == 2 && offsets[0] <= offsets[1],
            $"tensor '{name}' has data_offsets [{string.Join(", ", offsets)}]; expected a start and an end that is not smaller");
        var expected = ByteLength(name, dtype, shape);
        var length = offsets[1] - offsets[0];
        Require(
            length == expected,
            $"tensor '{name}' takes {length} bytes, but {dtype.Name} [{string.Join(", ", shape)}] takes {expected}");
        return (new TensorEntry(name, dtype.Type, shape), dtype, offsets[0]);
    }

    private StoredType ReadDtype(string name, JsonElement element)
    {
        var text = element.TryGetProperty("dtype", out var dtype) && dtype.ValueKind == JsonValueKind.String ? dtype.GetString()! : "(none)";
        var type = StoredType.Find(text);
        Require(type is not null, $"tensor '{name}' has the dtype {text}; expected one of {StoredType.Names}");
        return type!;
    }

    private long[] ReadNumbers(string name, JsonElement element, string field)
    {
        Require(element.TryGetProperty(field, out var array) && array.ValueKind == JsonValueKind.Array, $"tensor '{name}' has no array '{field}'");
        return [.. array.EnumerateArray().Select(item =>
        {
            var number = -1L;
            Require(
                item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out number) && number >= 0,
                $"tensor '{name}' has '{item.GetRawText()}' in {field}; expected integers from 0 to {long.MaxValue}");
            return number;
        })];
    }

    private long ByteLength(string name, StoredType dtype, long[] shape)
    {
        try
        {
            return shape.Aggregate((long)dtype.Bytes, (product, size) => checked(product * size));
        }
        catch (OverflowException error)
        {
            throw new CheckpointException($"{_path}: tensor '{name}' has the shape [{string.Join(", ", shape)}], whose size in bytes overflows.", error);
        }
    }

    private void RequireGaplessLayout(long dataLength)
    {
        _entries.Sort((left, right) =>
            (left.Offset, left.Tensor.ElementCount, left.Tensor.Name).CompareTo((right.Offset, right.Tensor.ElementCount, right.Tensor.Name)));
        var end = 0L;
        foreach (var (tensor, stored, offset) in _entries)
        {
            Require(offset >= end, $"tensor '{tensor.Name}' starts at byte {offset} of the data and overlaps the tensor before it, which ends at {end}");
            Require(
                offset == end,
                $"tensor '{tensor.Name}' starts at byte {offset} of the data and leaves a gap after the tensor before it, which ends at {end}");
            end = offset + (tensor.ElementCount * stored.Bytes);
            Require(end <= dataLength, $"tensor '{tensor.Name}' ends at byte {end} of the data, but the file has only {dataLength}; it was probably truncated");
        }

        Require(end == dataLength, $"the tensors take {end} bytes, but the file has {dataLength}");
    }

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new CheckpointException($"{_path}: {problem}.");
        }
    }
}
