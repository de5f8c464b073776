using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CtfService.Training.Tokens;

/// <summary>
/// The blocks of a shard that is being filled: an append-only file. After a crash, whole blocks are kept and the rest is cut off, so that a shard has the same
/// bytes however often its computation was interrupted. Each block has a hash, position in the walk, class ids and tokens.
/// </summary>
internal sealed class TokenJournal : IDisposable
{
    private const int HashBytes = 32;

    private readonly TokenLayout _layout;
    private readonly FileStream _file;
    private readonly string _path;

    /// <summary>Opens the file and cuts off what follows the last whole block, or creates it.</summary>
    public TokenJournal(string path, TokenLayout layout)
    {
        _path = path;
        _layout = layout;
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var block = new byte[BytesOf(layout.BlockRows)];
        while (_file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) == block.Length && IsWhole(block))
        {
            Rows += layout.BlockRows;
            Next = BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(HashBytes));
        }

        _file.SetLength(Rows / layout.BlockRows * (long)block.Length);
        _file.Position = _file.Length;
    }

    public int Rows { get; private set; }

    /// <summary>Position in the walk after the last block; null without a block.</summary>
    public int? Next { get; private set; }

    public bool IsFull => Rows == _layout.ShardBlocks * _layout.BlockRows;

    /// <summary>Appends a block. Only the last one of a set may have fewer rows than others; it is followed by <see cref="Complete"/>.</summary>
    public void Append(TokenBlock block)
    {
        var bytes = new byte[BytesOf(block.ClassIds.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(HashBytes), block.Next);
        MemoryMarshal.AsBytes(block.ClassIds.AsSpan()).CopyTo(bytes.AsSpan(HashBytes + sizeof(int)));
        _layout.Pack(block.Tokens).CopyTo(bytes.AsSpan(HashBytes + sizeof(int) + (block.ClassIds.Length * sizeof(int))));
        SHA256.HashData(bytes.AsSpan(HashBytes), bytes);
        _file.Write(bytes);
        _file.Flush();
        Rows += block.ClassIds.Length;
        Next = block.Next;
    }

    /// <summary>Writes the rows as a shard and deletes the journal.</summary>
    public void Complete(string shard)
    {
        TokenShard.Write(
            shard,
            _layout,
            Rows,
            Next ?? 0,
            stream => Copy(stream, rows => (0, rows * sizeof(int))),
            stream => Copy(stream, rows => (rows * sizeof(int), rows * _layout.Positions * _layout.ElementBytes)));
        Dispose();
        File.Delete(_path);
    }

    public void Dispose() => _file.Dispose();

    /// <param name="part">Returns start and length, in the content of a block, of what is copied.</param>
    private void Copy(Stream target, Func<int, (int Start, int Length)> part)
    {
        _file.Position = 0;
        for (var left = Rows; left > 0; left -= _layout.BlockRows)
        {
            var rows = Math.Min(left, _layout.BlockRows);
            var block = new byte[BytesOf(rows)];
            _file.ReadExactly(block);
            var (start, length) = part(rows);
            target.Write(block, HashBytes + sizeof(int) + start, length);
        }
    }

    private int BytesOf(int rows) => HashBytes + sizeof(int) + (rows * (sizeof(int) + (_layout.Positions * _layout.ElementBytes)));

    private static bool IsWhole(ReadOnlySpan<byte> block) => SHA256.HashData(block[HashBytes..]).AsSpan().SequenceEqual(block[..HashBytes]);
}

/// <summary>Rows that are computed together.</summary>
/// <param name="ClassIds">Class id of each row.</param>
/// <param name="Tokens">[rows, T].</param>
/// <param name="Next">Position in the walk over the images after those of the block.</param>
internal sealed record TokenBlock(int[] ClassIds, long[] Tokens, int Next);
