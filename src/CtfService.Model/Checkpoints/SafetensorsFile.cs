using System.Buffers.Binary;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints;

/// <summary>The tensors of a safetensors file.</summary>
public sealed class SafetensorsFile : TensorFile
{
    /// <summary>Bytes; the limit of the reference implementation. The largest published headers have a few MB.</summary>
    public const long MaxHeaderLength = 100_000_000;

    private const int PrefixLength = sizeof(ulong);

    private readonly InputFile _file;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private readonly IReadOnlyDictionary<string, string> _storedNames;

    /// <param name="names">Maps the name of each tensor to its name in the file.</param>
    private SafetensorsFile(InputFile file, SafetensorsHeader header, long dataStart, IReadOnlyDictionary<string, string> names)
        : base(file.Path, Rename(header.Entries, names))
    {
        _file = file;
        _header = header;
        _dataStart = dataStart;
        _storedNames = names;
    }

    public override string Container => "safetensors";

    /// <summary>The <c>__metadata__</c> of the file; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Returns the dtype of a tensor as it is stored, such as U16.</summary>
    /// <exception cref="CheckpointException">The file has no tensor of this name.</exception>
    public string StoredTypeOf(string name) => _header.LocationOf(_storedNames[Entry(name).Name]).Type.Name;

    /// <summary>Copies consecutive elements of a tensor as they are stored: little-endian, not widened. Thread-safe.</summary>
    /// <param name="firstByte">Offset in the tensor.</param>
    /// <exception cref="CheckpointException">The file has no tensor of this name, it has become shorter, or the storage fails.</exception>
    public void CopyStored(string name, long firstByte, Span<byte> destination)
    {
        var (type, offset) = _header.LocationOf(_storedNames[Entry(name).Name]);
        var length = Entry(name).ElementCount * type.Bytes;
        if (firstByte < 0 || firstByte > length - destination.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(firstByte), firstByte, $"'{name}' has {length} bytes.");
        }

        _file.Read(_dataStart + offset + firstByte, destination);
    }

    /// <exception cref="CheckpointException">The file is missing, unreadable, or not a valid safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = InputFile.Open(path);
        try
        {
            return Open(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes ownership of the file if it succeeds.</summary>
    internal static SafetensorsFile Open(InputFile file)
    {
        var (header, dataStart) = ReadHeader(file);
        return new SafetensorsFile(file, header, dataStart, header.Entries.ToDictionary(entry => entry.Name, entry => entry.Name));
    }

    /// <summary>As <see cref="Open(InputFile)"/>, without the prefixes that training wrappers add to the keys of a state dict.</summary>
    internal static SafetensorsFile OpenStateDict(InputFile file, bool preferEma)
    {
        var (header, dataStart) = ReadHeader(file);
        return new SafetensorsFile(file, header, dataStart, StateDictKeys.Of(file.Path, header.Entries.Select(entry => entry.Name), preferEma).Names);
    }

    /// <summary>Checks the header and the length of the file without reading any weight.</summary>
    /// <exception cref="CheckpointException">The file is not a valid safetensors file.</exception>
    internal static void RequireHeader(InputFile file) => ReadHeader(file);

    /// <exception cref="CheckpointException">The file has been written to since it was opened.</exception>
    internal void RequireUnchanged() => _file.RequireUnchanged();

    private protected override void CopyBytes(TensorEntry entry, Span<byte> destination)
    {
        var (type, offset) = _header.LocationOf(_storedNames[entry.Name]);
        if (type.IsWidened)
        {
            type.Widen(Path, _file.Read(_dataStart + offset, entry.ElementCount * type.Bytes), destination);
        }
        else
        {
            _file.Read(_dataStart + offset, destination);
        }
    }

    protected override void Dispose(bool disposing) => _file.Dispose();

    private static List<TensorEntry> Rename(IReadOnlyList<TensorEntry> entries, IReadOnlyDictionary<string, string> names)
    {
        var renamed = names.ToDictionary(name => name.Value, name => name.Key);
        return [.. entries.Where(entry => renamed.ContainsKey(entry.Name)).Select(entry => entry with { Name = renamed[entry.Name] })];
    }

    private static (SafetensorsHeader Header, long DataStart) ReadHeader(InputFile file)
    {
        if (ForeignContent.Find(file) is { } foreign)
        {
            throw new CheckpointException($"{file.Path}: {foreign}.");
        }

        var dataStart = PrefixLength + ReadHeaderLength(file);
        var json = file.Read(PrefixLength, dataStart - PrefixLength);
        return (SafetensorsHeader.Parse(file.Path, json, file.Length - dataStart), dataStart);
    }

    private static int ReadHeaderLength(InputFile file)
    {
        if (file.Length < PrefixLength)
        {
            throw new CheckpointException($"{file.Path}: has {file.Length} bytes; a safetensors file starts with a header length of {PrefixLength} bytes.");
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        file.Read(0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var limit = Math.Min(MaxHeaderLength, file.Length - PrefixLength);
        return length <= (ulong)limit
            ? (int)length
            : throw new CheckpointException(
                $"{file.Path}: declares a header of {length} bytes; expected at most {limit}. The file is truncated or not a safetensors file.");
    }
}
