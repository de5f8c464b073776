using System.Buffers.Binary;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints;

/// <summary>A safetensors file.</summary>
public sealed class SafetensorsFile : TensorFile
{
    /// <summary>Bytes, as in the reference implementation; the largest published headers have a few MB.</summary>
    public const long MaxHeaderLength = 100_000_000;

    private const int PrefixLength = sizeof(ulong);

    private readonly InputFile _file;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private readonly IReadOnlyDictionary<string, string> _storedNames;

    /// <param name="names">The name of each tensor to that in the file.</param>
    private SafetensorsFile(InputFile file, SafetensorsHeader header, long dataStart, IReadOnlyDictionary<string, string> names)
        : base(file.Path, Rename(header.Entries, names))
    {
        _file = file;
        _header = header;
        _dataStart = dataStart;
        _storedNames = names;
    }

    public override string Container => "safetensors";

    /// <summary>The file's own notes (<c>__metadata__</c>); empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <exception cref="CheckpointException">The file is missing, unreadable or not a sound safetensors file.</exception>
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

    /// <summary>Takes the file over if it succeeds.</summary>
    internal static SafetensorsFile Open(InputFile file)
    {
        var (header, dataStart) = ReadHeader(file);
        return new SafetensorsFile(file, header, dataStart, header.Entries.ToDictionary(entry => entry.Name, entry => entry.Name));
    }

    /// <summary>As <see cref="Open(InputFile)"/>, with the keys of a state dict that training wrappers renamed put right.</summary>
    internal static SafetensorsFile OpenStateDict(InputFile file, bool preferEma)
    {
        var (header, dataStart) = ReadHeader(file);
        return new SafetensorsFile(file, header, dataStart, StateDictKeys.Of(file.Path, header.Entries.Select(entry => entry.Name), preferEma).Names);
    }

    /// <summary>Reads the header and compares it with the file's length; no weight is read.</summary>
    /// <exception cref="CheckpointException">The file is not a sound safetensors file.</exception>
    internal static void RequireHeader(InputFile file) => ReadHeader(file);

    /// <exception cref="CheckpointException">The file was written to since it was opened.</exception>
    internal void RequireUnchanged() => _file.RequireUnchanged();

    private protected override void CopyBytes(TensorEntry entry, Span<byte> destination)
    {
        var (type, offset) = _header.PlaceOf(_storedNames[entry.Name]);
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
            throw new CheckpointException($"{file.Path}: holds {file.Length} bytes; a safetensors file starts with {PrefixLength} bytes of header length.");
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        file.Read(0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var limit = Math.Min(MaxHeaderLength, file.Length - PrefixLength);
        return length <= (ulong)limit
            ? (int)length
            : throw new CheckpointException(
                $"{file.Path}: announces a header of {length} bytes, expected at most {limit}. The file is cut off or not a safetensors file.");
    }
}
