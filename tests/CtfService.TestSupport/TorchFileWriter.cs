using System.Buffers.Binary;
using System.Text;

namespace CtfService.TestSupport;

/// <summary>
/// Writes files in the format of torch.save (zip container, pickle protocol 2, float32 tensors), so that tests can have checkpoints of any size without
/// PyTorch. Omits checksums, as PyTorch does after torch.serialization.set_crc32_options(False).
/// </summary>
public sealed class TorchFileWriter
{
    private const string Root = "archive";
    private const int Alignment = 64;

    private readonly Stream _stream;
    private readonly bool _zip64;
    private readonly List<(string Name, long Offset, long Length)> _records = [];

    private TorchFileWriter(Stream stream, bool zip64)
    {
        _stream = stream;
        _zip64 = zip64;
    }

    /// <summary>Writes <c>{wrapper: state dict}</c>.</summary>
    /// <param name="tensors">Names and shapes, in the order of the file.</param>
    /// <param name="fill">Writes the elements of the tensor with the given name.</param>
    /// <param name="zip64">Whether the directory uses 64-bit numbers even if 32 bits are enough.</param>
    public static void Write(
        string path, IReadOnlyList<(string Name, long[] Shape)> tensors, Action<string, Span<float>> fill, string wrapper = "model", bool zip64 = false)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
        var writer = new TorchFileWriter(stream, zip64);
        writer.Record("data.pkl", Pickle(tensors, wrapper));
        foreach (var ((name, shape), key) in tensors.Select((tensor, key) => (tensor, key)))
        {
            var elements = new float[Count(shape)];
            fill(name, elements);
            writer.Record($"data/{key}", System.Runtime.InteropServices.MemoryMarshal.AsBytes(elements.AsSpan()));
        }

        writer.Record("version", "3\n"u8);
        writer.Directory();
    }

    /// <summary>Fills a tensor with normal random numbers of small deviation, as in an untrained model. The name determines the numbers.</summary>
    public static void FillRandom(string name, Span<float> elements)
    {
        var state = 14695981039346656037UL;
        foreach (var letter in name)
        {
            state = (state ^ letter) * 1099511628211UL; // FNV-1a
        }

        var isNorm = name.Contains("norm", StringComparison.Ordinal);
        for (var i = 0; i < elements.Length; i++)
        {
            // The sum of four uniform numbers from one step of xorshift64* is close enough to a normal number, and fast for 343 million elements.
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            var bits = state * 2685821657736338717UL;
            var sum = (ushort)bits + (ushort)(bits >> 16) + (ushort)(bits >> 32) + (int)(ushort)(bits >> 48);
            var normal = (sum - 131070) / 37837f;
            elements[i] = (isNorm ? 1 : 0) + (0.02f * normal);
        }
    }

    private static byte[] Pickle(IReadOnlyList<(string Name, long[] Shape)> tensors, string wrapper)
    {
        using var pickle = new MemoryStream();
        void Bytes(ReadOnlySpan<byte> bytes) => pickle.Write(bytes);
        void Global(string name) => Bytes(Encoding.UTF8.GetBytes($"c{name}\n"));
        void Text(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> head = stackalloc byte[5];
            head[0] = (byte)'X';
            BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
            Bytes(head);
            Bytes(bytes);
        }

        void Number(long number)
        {
            Span<byte> long1 = stackalloc byte[10];
            long1[0] = 0x8a;
            long1[1] = sizeof(long);
            BinaryPrimitives.WriteInt64LittleEndian(long1[2..], number);
            Bytes(long1);
        }

        void Tuple(IEnumerable<long> numbers)
        {
            Bytes("("u8);
            foreach (var number in numbers)
            {
                Number(number);
            }

            Bytes("t"u8);
        }

        Bytes([0x80, 2, (byte)'}']);
        Text(wrapper);
        Global("collections\nOrderedDict");
        Bytes(")R("u8);
        foreach (var ((name, shape), key) in tensors.Select((tensor, key) => (tensor, key)))
        {
            Text(name);
            Global("torch._utils\n_rebuild_tensor_v2");
            Bytes("(("u8);
            Text("storage");
            Global("torch\nFloatStorage");
            Text($"{key}");
            Text("cpu");
            Number(Count(shape));
            Bytes("tQ"u8);
            Number(0);
            Tuple(shape);
            Tuple(shape.Select((_, dimension) => Count(shape.AsSpan(dimension + 1))));
            Bytes([0x89]);
            Global("collections\nOrderedDict");
            Bytes(")RtR"u8);
        }

        Bytes("us."u8);
        return pickle.ToArray();
    }

    private static long Count(ReadOnlySpan<long> shape)
    {
        var count = 1L;
        foreach (var size in shape)
        {
            count *= size;
        }

        return count;
    }

    private void Record(string name, ReadOnlySpan<byte> content)
    {
        var path = Encoding.UTF8.GetBytes($"{Root}/{name}");
        var offset = _stream.Position;
        var unaligned = offset + 30 + path.Length + 4;
        var padding = (int)((Alignment - (unaligned % Alignment)) % Alignment);
        var header = new byte[30 + path.Length + 4 + padding];
        "PK\x03\x04"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(18), Narrow(content.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(22), Narrow(content.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(26), (ushort)path.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), (ushort)(4 + padding));
        path.CopyTo(header, 30);
        "FB"u8.CopyTo(header.AsSpan(30 + path.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(32 + path.Length), (ushort)padding);
        _stream.Write(header);
        _stream.Write(content);
        _records.Add((name, offset, content.Length));
    }

    private void Directory()
    {
        var start = _stream.Position;
        foreach (var (name, offset, length) in _records)
        {
            var path = Encoding.UTF8.GetBytes($"{Root}/{name}");
            var wide = _zip64 ? 28 : 0;
            var entry = new byte[46 + path.Length + wide];
            "PK\x01\x02"u8.CopyTo(entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(20), Narrow(length));
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(24), Narrow(length));
            BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(28), (ushort)path.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(30), (ushort)wide);
            BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(42), Narrow(offset));
            path.CopyTo(entry, 46);
            if (_zip64)
            {
                var extra = entry.AsSpan(46 + path.Length);
                BinaryPrimitives.WriteUInt16LittleEndian(extra, 1);
                BinaryPrimitives.WriteUInt16LittleEndian(extra[2..], 24);
                BinaryPrimitives.WriteInt64LittleEndian(extra[4..], length);
                BinaryPrimitives.WriteInt64LittleEndian(extra[12..], length);
                BinaryPrimitives.WriteInt64LittleEndian(extra[20..], offset);
            }

            _stream.Write(entry);
        }

        End(start, _stream.Position - start);
    }

    private void End(long start, long length)
    {
        if (_zip64)
        {
            var end64 = new byte[56 + 20];
            var position = _stream.Position;
            "PK\x06\x06"u8.CopyTo(end64);
            BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(4), 44);
            BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(24), _records.Count);
            BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(32), _records.Count);
            BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(40), length);
            BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(48), start);
            "PK\x06\x07"u8.CopyTo(end64.AsSpan(56));
            BinaryPrimitives.WriteInt64LittleEndian(end64.AsSpan(64), position);
            BinaryPrimitives.WriteInt32LittleEndian(end64.AsSpan(72), 1);
            _stream.Write(end64);
        }

        var end = new byte[22];
        "PK\x05\x06"u8.CopyTo(end);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(8), (ushort)_records.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(10), (ushort)_records.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(12), Narrow(length));
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(16), Narrow(start));
        _stream.Write(end);
    }

    private uint Narrow(long number) => _zip64 ? uint.MaxValue : checked((uint)number);
}
