using System.Buffers.Binary;

namespace CtfService.Training.Tokens;

/// <summary>How the rows of a token set are stored. A row has the tokens of one crop of one image, in raster order.</summary>
/// <param name="Positions">T: tokens per row.</param>
/// <param name="CodebookSize">K: tokens are 0 to K - 1.</param>
/// <param name="CropCount">Rows of an image.</param>
public sealed record TokenLayout(int Positions, int CodebookSize, int CropCount)
{
    /// <summary>Images of a block, whose rows are stored crop by crop. A kill loses the work of one block.</summary>
    public const int BlockImages = 64;

    private const int ShardRows = 1 << 16;

    /// <summary>Rows of a whole block.</summary>
    public int BlockRows => BlockImages * CropCount;

    /// <summary>Blocks of a whole shard.</summary>
    public int ShardBlocks => Math.Max(1, ShardRows / BlockRows);

    /// <summary>Name of the element type in safetensors.</summary>
    public string ElementType => ElementBytes == sizeof(ushort) ? "U16" : "I32";

    /// <summary>Bytes of a token.</summary>
    public int ElementBytes => CodebookSize <= 1 << 16 ? sizeof(ushort) : sizeof(int);

    /// <summary>Writes tokens as they are stored.</summary>
    public byte[] Pack(ReadOnlySpan<long> tokens)
    {
        var bytes = new byte[tokens.Length * ElementBytes];
        for (var i = 0; i < tokens.Length; i++)
        {
            if (ElementBytes == sizeof(ushort))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * sizeof(ushort)), (ushort)tokens[i]);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), (int)tokens[i]);
            }
        }

        return bytes;
    }

    /// <summary>Reads stored tokens.</summary>
    /// <param name="elementBytes">2 for unsigned 16-bit integers, 4 for signed 32-bit ones.</param>
    public static void Unpack(ReadOnlySpan<byte> bytes, int elementBytes, Span<int> tokens)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            tokens[i] = elementBytes == sizeof(ushort)
                ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * sizeof(ushort))..])
                : BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * sizeof(int))..]);
        }
    }
}
