using System.Buffers.Binary;
using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints;

/// <summary>A safetensors file.</summary>
public sealed class SafetensorsFile : TensorFile
{
    /// <summary>Bytes. The reference implementation allows 100 MB; the largest published headers have a few.</summary>
    public const long MaxHeaderLength = 16 << 20;

    private const int PrefixLength = sizeof(ulong);

    private readonly InputFile _file;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsFile(InputFile file, SafetensorsHeader header, long dataStart)
        : base(file.Path, header.Entries)
    {
        _file = file;
        _header = header;
        _dataStart = dataStart;
    }

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
        return new SafetensorsFile(file, header, dataStart);
    }

    /// <summary>Reads the header and compares it with the file's length; no weight is read.</summary>
    /// <exception cref="CheckpointException">The file is not a sound safetensors file.</exception>
    internal static void RequireHeader(InputFile file) => ReadHeader(file);

    private protected override void CopyBytes(TensorEntry entry, Span<byte> destination) => _file.Read(_dataStart + _header.OffsetOf(entry.Name), destination);

    protected override void Dispose(bool disposing) => _file.Dispose();

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
