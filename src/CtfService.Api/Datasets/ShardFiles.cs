using System.Security.Cryptography;
using System.Text.Json;
using CtfService.Datasets.Formats;
using CtfService.Jobs.Files;

namespace CtfService.Api.Datasets;

/// <summary>
/// The files of shards, each with a record of its length and hash, so that a file that was lost or damaged later is noticed. Thread-safe.
/// </summary>
internal sealed class ShardFiles(IFileStore files)
{
    /// <summary>Writes a shard and its record. A file that is there already stays, unless it is damaged.</summary>
    /// <exception cref="FileStoreUnavailableException">The storage failed.</exception>
    public async Task PublishAsync(DatasetFolder folder, ShardFormat format, int number, IReadOnlyList<EncodedImage> images, CancellationToken cancellation)
    {
        var name = folder.Shard(format, number);
        byte[] hash = [];
        if (!await files.PublishAsync(name, Write, cancellation) && !await HasHashAsync(name, hash, cancellation))
        {
            await files.DeleteAsync(name, cancellation);
            await files.PublishAsync(name, Write, cancellation);
        }

        if (await files.FindAsync(name, cancellation) is { } file)
        {
            await files.DeleteAsync(folder.Record(number), cancellation); // one of a damaged file
            var record = new ShardRecord(file.Length, Convert.ToHexStringLower(hash));
            await files.PublishAsync(
                folder.Record(number), (output, cancel) => JsonSerializer.SerializeAsync(output, record, cancellationToken: cancel), cancellation);
        }

        async Task Write(Stream output, CancellationToken cancel)
        {
            using var sha = SHA256.Create();
            await using (var hashing = new CryptoStream(output, sha, CryptoStreamMode.Write, leaveOpen: true))
            {
                await format.WriteShardAsync(hashing, images, cancel);
            }

            hash = sha.Hash!;
        }
    }

    /// <summary>Returns true if the file of a shard and its record are there, and their lengths agree. Does not read the file.</summary>
    public async Task<bool> ArePresentAsync(DatasetFolder folder, ShardFormat format, int number, CancellationToken cancellation) =>
        await files.FindAsync(folder.Shard(format, number), cancellation) is { } file
        && await FindRecordAsync(folder, number, cancellation) is { } record
        && record.Length == file.Length;

    /// <summary>Returns true if the file of a shard has the content that was written. Reads the whole file.</summary>
    public async Task<bool> AreIntactAsync(DatasetFolder folder, ShardFormat format, int number, CancellationToken cancellation) =>
        await ArePresentAsync(folder, format, number, cancellation)
        && await FindRecordAsync(folder, number, cancellation) is { } record
        && await HasHashAsync(folder.Shard(format, number), Convert.FromHexString(record.Sha256), cancellation);

    /// <summary>Deletes a shard and its record, so that it can be drawn again.</summary>
    public async Task DeleteAsync(DatasetFolder folder, ShardFormat format, int number, CancellationToken cancellation)
    {
        await files.DeleteAsync(folder.Record(number), cancellation);
        await files.DeleteAsync(folder.Shard(format, number), cancellation);
    }

    private async Task<bool> HasHashAsync(string name, byte[] expected, CancellationToken cancellation)
    {
        await using var content = await files.OpenAsync(name, offset: 0, length: null, cancellation);
        return content is not null && (await SHA256.HashDataAsync(content, cancellation)).AsSpan().SequenceEqual(expected);
    }

    private async Task<ShardRecord?> FindRecordAsync(DatasetFolder folder, int number, CancellationToken cancellation)
    {
        await using var content = await files.OpenAsync(folder.Record(number), offset: 0, length: null, cancellation);
        try
        {
            return content is null ? null : await JsonSerializer.DeserializeAsync<ShardRecord>(content, cancellationToken: cancellation);
        }
        catch (JsonException)
        {
            return null; // damaged, and so worth as little as none
        }
    }
}

/// <summary>What the file of a shard must be.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Sha256">In lower-case hex.</param>
internal sealed record ShardRecord(long Length, string Sha256);
