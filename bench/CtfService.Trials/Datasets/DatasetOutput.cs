using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;

namespace CtfService.Trials.Datasets;

/// <summary>What a finished data set consists of: the hash of every file, and the seed of every image.</summary>
internal sealed record DatasetOutput(SortedDictionary<string, string> Hashes, IReadOnlyList<ulong> Seeds)
{
    /// <summary>Downloads every file of a data set.</summary>
    public static async Task<DatasetOutput> DownloadAsync(DatasetClient client, string id, CancellationToken cancellation)
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var seeds = new List<ulong>();
        foreach (var file in await client.FilesAsync(id, cancellation))
        {
            var content = await client.ReadAsync(file, ReadAllAsync, cancellation);
            hashes.Add(file.Name, Convert.ToHexStringLower(SHA256.HashData(content)));
            if (file.Name.EndsWith(".tar", StringComparison.Ordinal))
            {
                seeds.AddRange(SeedsOf(content));
            }

            if (content.Length != file.Bytes)
            {
                hashes[file.Name] += $" ({content.Length} bytes, but the list says {file.Bytes})";
            }
        }

        return new(hashes, seeds);
    }

    /// <summary>Returns the names of files that differ or exist on one side only.</summary>
    public IReadOnlyList<string> DifferencesTo(DatasetOutput other) =>
        [.. Hashes.Keys.Union(other.Hashes.Keys).Where(name => Hashes.GetValueOrDefault(name) != other.Hashes.GetValueOrDefault(name))];

    private static IEnumerable<ulong> SeedsOf(byte[] tar)
    {
        using var reader = new TarReader(new MemoryStream(tar));
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.Name.EndsWith(".json", StringComparison.Ordinal))
            {
                using var provenance = JsonDocument.Parse(entry.DataStream!);
                yield return provenance.RootElement.GetProperty("seed").GetUInt64();
            }
        }
    }

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        using var memory = new MemoryStream();
        await stream.CopyToAsync(memory);
        return memory.ToArray();
    }
}
