using System.Buffers.Binary;
using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The central directory of a zip file with uncompressed records, as torch.save writes it (PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3 for zip64).
/// Locates each record, so that it can be read in place.
/// </summary>
internal sealed class StoredZip
{
    private const int EndLength = 22;
    private const int Zip64LocatorLength = 20;
    private const int Zip64EndLength = 56;
    private const int EntryLength = 46;
    private const int LocalLength = 30;
    private const int MaxCommentLength = ushort.MaxValue;
    private const int MaxDirectoryLength = 32 << 20;

    private readonly InputFile _file;
    private readonly Dictionary<string, Record> _records = [];

    private StoredZip(InputFile file) => _file = file;

    public IReadOnlyDictionary<string, Record> Records => _records;

    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8) || start.StartsWith("PK\x05\x06"u8);

    /// <exception cref="CheckpointException">The central directory is missing, damaged or inconsistent.</exception>
    public static StoredZip Open(InputFile file)
    {
        var zip = new StoredZip(file);
        zip.ReadDirectory(zip.FindDirectory());
        return zip;
    }

    /// <summary>Returns the offset and the length of a record's content.</summary>
    /// <exception cref="CheckpointException">The record is missing, compressed, encrypted, or not at the offset in the directory.</exception>
    public (long Offset, long Length) Locate(string name)
    {
        var record = _records.GetValueOrDefault(name) ?? throw Refuse($"has no record '{name}'; the file is damaged or was repacked");
        Require(
            record.Method == 0 && record.PackedLength == record.Length,
            $"record '{name}' is compressed, but torch.save stores records uncompressed. Repack the file without compression");
        Require((record.Flags & 1) == 0, $"record '{name}' is encrypted");
        Span<byte> header = stackalloc byte[LocalLength];
        _file.Read(record.HeaderOffset, header);
        Require(header.StartsWith("PK\x03\x04"u8), $"record '{name}' does not start at its offset in the directory");
        var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(header[26..]);
        var extraLength = BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        var start = record.HeaderOffset + LocalLength + nameLength + extraLength;
        Require(start <= _file.Length - record.Length, $"record '{name}' of {record.Length} bytes extends past the end of the file of {_file.Length} bytes");
        return (start, record.Length);
    }

    private (long Offset, long Length) FindDirectory()
    {
        var tailLength = Math.Min(_file.Length, EndLength + MaxCommentLength);
        ReadOnlySpan<byte> tail = _file.Read(_file.Length - tailLength, tailLength);
        var place = tail.LastIndexOf("PK\x05\x06"u8);
        Require(place >= 0 && place <= tail.Length - EndLength, "is a zip file without a central directory; it was truncated");
        var end = tail[place..];
        long length = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
        long offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
        var needsZip64 = length == uint.MaxValue || offset == uint.MaxValue || BinaryPrimitives.ReadUInt16LittleEndian(end[10..]) == ushort.MaxValue;
        if (needsZip64)
        {
            (offset, length) = ReadZip64End(_file.Length - tailLength + place - Zip64LocatorLength);
        }

        Require(
            length is >= 0 and <= MaxDirectoryLength && offset >= 0 && offset <= _file.Length - length,
            $"has a central directory of {length} bytes at byte {offset}; expected at most {MaxDirectoryLength}, inside the file of {_file.Length} bytes");
        return (offset, length);
    }

    private (long Offset, long Length) ReadZip64End(long locatorOffset)
    {
        ReadOnlySpan<byte> locator = _file.Read(locatorOffset, Zip64LocatorLength);
        Require(locator.StartsWith("PK\x06\x07"u8), "has a directory in zip64 form, but no zip64 locator");
        ReadOnlySpan<byte> end = _file.Read(BinaryPrimitives.ReadInt64LittleEndian(locator[8..]), Zip64EndLength);
        Require(end.StartsWith("PK\x06\x06"u8), "has no zip64 directory at the offset in its locator");
        return (BinaryPrimitives.ReadInt64LittleEndian(end[48..]), BinaryPrimitives.ReadInt64LittleEndian(end[40..]));
    }

    private void ReadDirectory((long Offset, long Length) directory)
    {
        ReadOnlySpan<byte> rest = _file.Read(directory.Offset, directory.Length);
        while (!rest.IsEmpty)
        {
            Require(rest.Length >= EntryLength && rest.StartsWith("PK\x01\x02"u8), "has a damaged central directory");
            Require(_records.Count < PickleLimits.Records, $"has more than {PickleLimits.Records} records");
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
            var extraLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[30..]);
            var entryLength = EntryLength + nameLength + extraLength + BinaryPrimitives.ReadUInt16LittleEndian(rest[32..]);
            Require(entryLength <= rest.Length, "has a truncated central directory");
            var name = Encoding.UTF8.GetString(rest.Slice(EntryLength, nameLength));
            Require(_records.TryAdd(name, ReadRecord(rest, rest.Slice(EntryLength + nameLength, extraLength))), $"has two records '{name}'");
            rest = rest[entryLength..];
        }
    }

    private Record ReadRecord(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra)
    {
        var zip64 = Zip64Numbers(extra);
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);

        // The extra field holds only the numbers that do not fit 32 bits, in this order.
        length = TakeWide(length, ref zip64);
        packed = TakeWide(packed, ref zip64);
        header = TakeWide(header, ref zip64);
        return new Record(header, packed, length, BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]), BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]));
    }

    private long TakeWide(long narrow, ref ReadOnlySpan<byte> zip64)
    {
        if (narrow != uint.MaxValue || zip64.IsEmpty)
        {
            return narrow;
        }

        Require(zip64.Length >= sizeof(long), "has a damaged zip64 extra field");
        var wide = BinaryPrimitives.ReadInt64LittleEndian(zip64);
        Require(wide >= 0, "has a record with a negative length or offset");
        zip64 = zip64[sizeof(long)..];
        return wide;
    }

    private static ReadOnlySpan<byte> Zip64Numbers(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]), extra.Length - 4);
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == 1)
            {
                return extra.Slice(4, length);
            }

            extra = extra[(4 + length)..];
        }

        return default;
    }

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw Refuse(problem);
        }
    }

    private CheckpointException Refuse(string problem) => new($"{_file.Path}: {problem}.");

    /// <summary>One record, as the directory describes it.</summary>
    internal sealed record Record(long HeaderOffset, long PackedLength, long Length, int Method, int Flags);
}
