using System.Formats.Tar;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>Finds damaged tar files from their first and last bytes, so that even thousands of large ones are checked in seconds.</summary>
internal static class ShardCheck
{
    /// <summary>Length of the zeros that end a tar file.</summary>
    private const int EndLength = 1024;

    /// <summary>Throws if a shard is damaged. Damage in the middle of a shard is found when the shard is read.</summary>
    /// <exception cref="DatasetException">Shards are empty, not tar files, compressed or truncated; the message names them.</exception>
    public static void Require(string path, IReadOnlyList<string> shards, CancellationToken cancellation)
    {
        var problems = new string?[shards.Count];
        ReadingThreads.ForEach(shards.Count, shard => problems[shard] = Problem(shards[shard]), cancellation: cancellation);
        if (problems.OfType<string>().ToList() is { Count: > 0 } found)
        {
            throw new DatasetException(
                $"'{path}' has {found.Count} damaged of {shards.Count} shards. Write or download them again, or move them away: {NameList.Of(found)}.");
        }
    }

    private static string? Problem(string shard)
    {
        var name = Path.GetFileName(shard);
        try
        {
            using var file = File.OpenRead(shard);
            if (file.Length == 0)
            {
                return $"{name} (empty)";
            }

            using var reader = new TarReader(file, leaveOpen: true);
            _ = reader.GetNextEntry();
            if (!EndsWithZeros(file))
            {
                new TarTree(shard).Dispose(); // some programs write no end; a file without it is sound if all its entries are whole
            }

            return null;
        }
        catch (Exception exception) when (exception is DatasetException or EndOfStreamException)
        {
            return $"{name} (truncated)";
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException or ArgumentException or OverflowException)
        {
            return $"{name} (not an uncompressed tar file)";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"{name} ({SkipReasons.NoPermission})";
        }
    }

    private static bool EndsWithZeros(FileStream file)
    {
        Span<byte> end = stackalloc byte[EndLength];
        file.Position = Math.Max(0, file.Length - EndLength);
        end = end[..file.ReadAtLeast(end, EndLength, throwOnEndOfStream: false)];
        return end.IndexOfAnyExcept((byte)0) < 0;
    }
}
