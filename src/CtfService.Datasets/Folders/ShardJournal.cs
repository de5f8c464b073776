using System.Buffers.Binary;
using System.IO.Hashing;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using Microsoft.Win32.SafeHandles;

namespace CtfService.Datasets.Folders;

/// <summary>
/// The images of a shard that is not complete, in the order in which they were finished, and the images that the filter rejected. Appended to a file, so that
/// an interrupted run keeps them; an incomplete or damaged end is discarded. Not thread-safe.
/// </summary>
internal sealed class ShardJournal : IDisposable
{
    /// <summary>Bytes before the content of an entry: its length, index, attempt and kind, and a checksum of all these and the content.</summary>
    private const int HeaderBytes = 24;

    private const int ChecksumOffset = 16;

    private readonly Dataset _dataset;
    private readonly SafeFileHandle _file;
    private readonly Dictionary<int, Entry> _images = [];
    private readonly List<RejectedImage> _rejected = [];
    private long _end;

    /// <summary>Opens or creates the journal of a shard.</summary>
    public ShardJournal(string path, Dataset dataset, DatasetShard shard)
    {
        _dataset = dataset;
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        try
        {
            ReadEntries(shard);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Number of finished images.</summary>
    public int Count => _images.Count;

    /// <summary>Indexes of the finished images, in no particular order.</summary>
    public IReadOnlyCollection<int> Finished => _images.Keys;

    /// <summary>Rejected images in the order of the data set.</summary>
    public IReadOnlyList<RejectedImage> Rejected => [.. _rejected.OrderBy(image => image.Index).ThenBy(image => image.Attempt)];

    public void Add(EncodedImage image) => Append(new Entry(0, image.Content.Length, image.Planned.Index, image.Planned.Attempt, Kind.Image), image.Content);

    public void Add(RejectedImage image)
    {
        var content = new byte[sizeof(int) + sizeof(double)];
        BinaryPrimitives.WriteInt32LittleEndian(content, image.PredictedClass);
        BinaryPrimitives.WriteDoubleLittleEndian(content.AsSpan(sizeof(int)), image.Probability);
        Append(new Entry(0, content.Length, image.Index, image.Attempt, Kind.Rejected), content);
    }

    /// <summary>Returns the finished images in the order of the data set, each read when it is asked for.</summary>
    public IEnumerable<EncodedImage> Images() => _images.Values.OrderBy(entry => entry.Index)
        .Select(entry => new EncodedImage(_dataset.Image(entry.Index, entry.Attempt), ReadAt(entry.Offset, entry.Length)));

    public void Dispose() => _file.Dispose();

    private void Append(Entry entry, byte[] content)
    {
        entry = entry with { Offset = _end + HeaderBytes };
        try
        {
            RandomAccess.Write(_file, [HeaderOf(entry, content), content], _end);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(_file, _end); // the disk is full: give back what was written
            throw;
        }

        Take(entry, content);
    }

    /// <summary>Reads the entries of an earlier run up to the first that is incomplete or damaged.</summary>
    private void ReadEntries(DatasetShard shard)
    {
        var length = RandomAccess.GetLength(_file);
        while (_end + HeaderBytes <= length)
        {
            var header = ReadAt(_end, HeaderBytes);
            var entry = new Entry(_end + HeaderBytes, Number(header, 0), Number(header, 1), Number(header, 2), (Kind)Number(header, 3));
            if (entry.Length < 0 || entry.Length > length - entry.Offset || entry.Index < shard.First || entry.Index >= shard.First + shard.Count)
            {
                break;
            }

            var content = ReadAt(entry.Offset, entry.Length);
            if (!header.AsSpan().SequenceEqual(HeaderOf(entry, content)))
            {
                break;
            }

            Take(entry, content);
        }

        RandomAccess.SetLength(_file, _end);
    }

    private void Take(Entry entry, byte[] content)
    {
        _end = entry.Offset + entry.Length;
        if (entry.Kind == Kind.Image)
        {
            _images[entry.Index] = entry;
        }
        else
        {
            var probability = BinaryPrimitives.ReadDoubleLittleEndian(content.AsSpan(sizeof(int)));
            _rejected.Add(new RejectedImage(entry.Index, entry.Attempt, Number(content, 0), probability));
        }
    }

    private byte[] ReadAt(long offset, int length)
    {
        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            var count = RandomAccess.Read(_file, bytes.AsSpan(done), offset + done);
            done += count > 0 ? count : throw new EndOfStreamException("The journal of a shard was truncated while it was read. Run the command again.");
        }

        return bytes;
    }

    private static byte[] HeaderOf(Entry entry, byte[] content)
    {
        var header = new byte[HeaderBytes];
        int[] numbers = [entry.Length, entry.Index, entry.Attempt, (int)entry.Kind];
        foreach (var (place, number) in numbers.Index())
        {
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(place * sizeof(int)), number);
        }

        var hash = new XxHash3();
        hash.Append(header.AsSpan(0, ChecksumOffset));
        hash.Append(content);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(ChecksumOffset), hash.GetCurrentHashAsUInt64());
        return header;
    }

    private static int Number(byte[] bytes, int place) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(place * sizeof(int)));

    private enum Kind
    {
        Image = 1,
        Rejected = 2,
    }

    private readonly record struct Entry(long Offset, int Length, int Index, int Attempt, Kind Kind);
}
