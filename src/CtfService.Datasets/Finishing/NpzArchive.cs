using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using CtfService.Datasets.Plans;
using CtfService.Model.Checkpoints;

namespace CtfService.Datasets.Finishing;

/// <summary>
/// Assembles <c>arr_0</c> (pixels, uint8, [N, H, W, 3]) and <c>arr_1</c> (class ids, int64, [N]) to an uncompressed NumPy archive, which is never held in
/// memory.
/// </summary>
internal static class NpzArchive
{
    private const int LabelsAtOnce = 8192;

    /// <summary>The earliest time that a zip file can hold, so that its bytes do not depend on the clock.</summary>
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="shards">Numbers of the shards to put together.</param>
    public static async Task WriteAsync(
        Dataset dataset, IReadOnlyList<int> shards, Func<int, CancellationToken, Task<Stream>> openShard, Stream output, CancellationToken cancellation)
    {
        int[] indices = [.. dataset.Indices(shards)];
        await using var forward = new ForwardStream(output); // into a seekable stream, the same archive would be written in other bytes
        await using var archive = await ZipArchive.CreateAsync(forward, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, cancellation);
        var (height, width) = (dataset.Model.ImageHeight, dataset.Model.ImageWidth);
        await using (var pixels = await OpenAsync(archive, "arr_0.npy", NpyHeader.Create("|u1", indices.Length, height, width, 3), cancellation))
        {
            foreach (var number in shards)
            {
                await using var shard = await openShard(number, cancellation);
                await CopyAsync(shard, pixels, (long)dataset.Shard(number).Count * height * width * 3, number, cancellation);
            }
        }

        await using var labels = await OpenAsync(archive, "arr_1.npy", NpyHeader.Create("<i8", indices.Length), cancellation);
        foreach (var part in indices.Chunk(LabelsAtOnce))
        {
            var bytes = new byte[part.Length * sizeof(long)];
            foreach (var (place, index) in part.Index())
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(place * sizeof(long)), dataset.ClassOf(index).Id);
            }

            await labels.WriteAsync(bytes, cancellation);
        }
    }

    private static async Task<Stream> OpenAsync(ZipArchive archive, string name, byte[] header, CancellationToken cancellation)
    {
        var entry = archive.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = NoTime;
        var stream = await entry.OpenAsync(cancellation);
        await stream.WriteAsync(header, cancellation);
        return stream;
    }

    /// <exception cref="InvalidDataException">The shard has another length; the array would be wrong from there on.</exception>
    private static async Task CopyAsync(Stream shard, Stream pixels, long expected, int number, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 20];
        var copied = 0L;
        for (int count; (count = await shard.ReadAsync(buffer, cancellation)) > 0; copied += count)
        {
            await pixels.WriteAsync(buffer.AsMemory(0, count), cancellation);
        }

        if (copied != expected)
        {
            throw new InvalidDataException(
                $"Shard {number} has {copied} bytes of pixels, expected {expected}. Delete its file and run again; it will be generated again.");
        }
    }
}
