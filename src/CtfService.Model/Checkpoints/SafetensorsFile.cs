using System.Buffers.Binary;
using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints;

/// <summary>A memory-mapped safetensors file.</summary>
public sealed class SafetensorsFile : TensorFile
{
    /// <summary>Bytes. The reference implementation allows 100 MB; the largest published headers have a few.</summary>
    public const long MaxHeaderLength = 16 << 20;

    private const int PrefixLength = sizeof(ulong);

    private readonly MappedFile _file;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsFile(MappedFile file, SafetensorsHeader header, long dataStart)
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
        var file = MappedFile.Open(path);
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

    /// <summary>Takes the file over where it succeeds.</summary>
    internal static SafetensorsFile Open(MappedFile file)
    {
        var dataStart = PrefixLength + ReadHeaderLength(file);
        using var bytes = file.Map(PrefixLength, dataStart - PrefixLength);
        return new SafetensorsFile(file, SafetensorsHeader.Parse(file.Path, bytes.Span.ToArray(), file.Length - dataStart), dataStart);
    }

    private protected override void CopyBytes(TensorEntry entry, Span<byte> destination)
    {
        using var bytes = _file.Map(_dataStart + _header.OffsetOf(entry.Name), entry.ByteLength);
        bytes.Span.CopyTo(destination);
    }

    protected override void Dispose(bool disposing) => _file.Dispose();

    private static int ReadHeaderLength(MappedFile file)
    {
        if (file.Length < PrefixLength)
        {
            throw new CheckpointException($"{file.Path}: holds {file.Length} bytes; a safetensors file starts with {PrefixLength} bytes of header length.");
        }

        using var prefix = file.Map(0, PrefixLength);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix.Span);
        var limit = Math.Min(MaxHeaderLength, file.Length - PrefixLength);
        return length <= (ulong)limit
            ? (int)length
            : throw new CheckpointException(
                $"{file.Path}: announces a header of {length} bytes, expected at most {limit}. The file is cut off or not a safetensors file.");
    }
}
