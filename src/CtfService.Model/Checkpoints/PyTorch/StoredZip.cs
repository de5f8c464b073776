using System.Buffers.Binary;
using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The directory of a zip file whose members are stored as they are, as torch.save writes it (PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3 for zip64).
/// Gives the place of each member, so that it can be read without unpacking.
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
    private readonly Dictionary<string, Member> _members = [];

    private StoredZip(InputFile file) => _file = file;

    public IReadOnlyDictionary<string, Member> Members => _members;

    public static bool IsZip(ReadOnlySpan<byte> start) => start.StartsWith("PK\x03\x04"u8) || start.StartsWith("PK\x05\x06"u8);

    /// <exception cref="CheckpointException">The directory is damaged or missing, or says something that cannot be.</exception>
    public static StoredZip Open(InputFile file)
    {
        var zip = new StoredZip(file);
        zip.ReadDirectory(zip.FindDirectory());
        return zip;
    }

    /// <summary>First byte and length of a member's content.</summary>
    /// <exception cref="CheckpointException">The member is packed, encrypted or not where the directory says.</exception>
    public (long Offset, long Length) Locate(string name)
    {
        var member = _members.GetValueOrDefault(name) ?? throw Refuse($"has no record '{name}'; the file is damaged or was repacked");
        Require(member.Method == 0 && member.PackedLength == member.Length, $"record '{name}' is compressed; torch.save stores records as they are, so repack it without compression");
        Require((member.Flags & 1) == 0, $"record '{name}' is encrypted");
        Span<byte> header = stackalloc byte[LocalLength];
        _file.Read(member.HeaderOffset, header);
        Require(header.StartsWith("PK\x03\x04"u8), $"record '{name}' does not start where the directory says");
        var start = member.HeaderOffset + LocalLength + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        Require(start <= _file.Length - member.Length, $"record '{name}' of {member.Length} bytes ends behind the file of {_file.Length} bytes");
        return (start, member.Length);
    }

    private (long Offset, long Length) FindDirectory()
    {
        var tailLength = Math.Min(_file.Length, EndLength + MaxCommentLength);
        ReadOnlySpan<byte> tail = _file.Read(_file.Length - tailLength, tailLength);
        var place = tail.LastIndexOf("PK\x05\x06"u8);
        Require(place >= 0 && place <= tail.Length - EndLength, "is a zip file without its directory; it was cut off");
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
            $"has a directory of {length} bytes at byte {offset}, which is not inside the file of {_file.Length} bytes or larger than {MaxDirectoryLength}");
        return (offset, length);
    }

    private (long Offset, long Length) ReadZip64End(long locatorOffset)
    {
        ReadOnlySpan<byte> locator = _file.Read(locatorOffset, Zip64LocatorLength);
        Require(locator.StartsWith("PK\x06\x07"u8), "says that its directory is in zip64 form, but is not");
        ReadOnlySpan<byte> end = _file.Read(BinaryPrimitives.ReadInt64LittleEndian(locator[8..]), Zip64EndLength);
        Require(end.StartsWith("PK\x06\x06"u8), "has no zip64 directory where it says");
        return (BinaryPrimitives.ReadInt64LittleEndian(end[48..]), BinaryPrimitives.ReadInt64LittleEndian(end[40..]));
    }

    private void ReadDirectory((long Offset, long Length) directory)
    {
        ReadOnlySpan<byte> rest = _file.Read(directory.Offset, directory.Length);
        while (!rest.IsEmpty)
        {
            Require(rest.Length >= EntryLength && rest.StartsWith("PK\x01\x02"u8), "has a damaged directory");
            Require(_members.Count < PickleLimits.Records, $"has more than {PickleLimits.Records} records");
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
            var extraLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[30..]);
            var entryLength = EntryLength + nameLength + extraLength + BinaryPrimitives.ReadUInt16LittleEndian(rest[32..]);
            Require(entryLength <= rest.Length, "has a directory that was cut off");
            var name = Encoding.UTF8.GetString(rest.Slice(EntryLength, nameLength));
            Require(_members.TryAdd(name, ReadMember(rest, rest.Slice(EntryLength + nameLength, extraLength))), $"has two records '{name}'");
            rest = rest[entryLength..];
        }
    }

    private Member ReadMember(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> extra)
    {
        var zip64 = Zip64Numbers(extra);
        long packed = BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]);
        long header = BinaryPrimitives.ReadUInt32LittleEndian(entry[42..]);

        // Only the numbers that do not fit 32 bits are there, in this order.
        length = TakeWide(length, ref zip64);
        packed = TakeWide(packed, ref zip64);
        header = TakeWide(header, ref zip64);
        return new Member(header, packed, length, BinaryPrimitives.ReadUInt16LittleEndian(entry[10..]), BinaryPrimitives.ReadUInt16LittleEndian(entry[8..]));
    }

    private long TakeWide(long narrow, ref ReadOnlySpan<byte> zip64)
    {
        if (narrow != uint.MaxValue || zip64.IsEmpty)
        {
            return narrow;
        }

        Require(zip64.Length >= sizeof(long), "has a damaged zip64 record");
        var wide = BinaryPrimitives.ReadInt64LittleEndian(zip64);
        Require(wide >= 0, "has a record of negative length");
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

    /// <summary>What the directory says of a member.</summary>
    internal sealed record Member(long HeaderOffset, long PackedLength, long Length, int Method, int Flags);
}
