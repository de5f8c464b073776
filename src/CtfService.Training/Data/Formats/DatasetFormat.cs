using System.Formats.Tar;

namespace CtfService.Training.Data.Formats;

/// <summary>The formats of data sets.</summary>
internal enum DatasetFormat
{
    /// <summary>Images in class folders, in a folder or a tar file.</summary>
    ClassFolders,

    /// <summary>Images that metadata.jsonl lists.</summary>
    MetadataFolder,

    WebDataset,

    Npz,

    Parquet,
}

/// <summary>Recognizes the format of a file.</summary>
internal static class DatasetFormats
{
    /// <summary>Entries of a tar file that are read to find its format.</summary>
    private const int ReadEntries = 64;

    private static readonly Dictionary<string, DatasetFormat> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        [".tar"] = DatasetFormat.WebDataset,
        [".npz"] = DatasetFormat.Npz,
        [".parquet"] = DatasetFormat.Parquet,
    };

    /// <summary>Returns the format by the ending of the name; null for another ending.</summary>
    public static DatasetFormat? OfName(string path) => Endings.TryGetValue(Path.GetExtension(path), out var format) ? format : null;

    /// <summary>Returns the format by the first bytes; <see cref="DatasetFormat.ClassFolders"/> for a tar file of them, and for anything else.</summary>
    public static DatasetFormat OfContent(string path)
    {
        Span<byte> start = stackalloc byte[4];
        using (var file = File.OpenRead(path))
        {
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }

        return start.SequenceEqual("PAR1"u8) ? DatasetFormat.Parquet
            : start.SequenceEqual("PK\x03\x04"u8) || start.SequenceEqual("PK\x05\x06"u8) ? DatasetFormat.Npz
            : IsWebDataset(path) ? DatasetFormat.WebDataset
            : DatasetFormat.ClassFolders;
    }

    /// <summary>Recognizes a WebDataset by its classes, or by images outside of folders, among the first entries of a tar file.</summary>
    private static bool IsWebDataset(string path)
    {
        try
        {
            using var reader = new TarReader(File.OpenRead(path));
            var (hasImages, hasFolders) = (false, false);
            for (var read = 0; read < ReadEntries && reader.GetNextEntry() is { } entry; read++)
            {
                var name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                if (WebDatasetShard.IsClass(name))
                {
                    return true;
                }

                hasFolders |= name.Contains('/', StringComparison.Ordinal);
                hasImages |= WebDatasetShard.IsImage(name);
            }

            return hasImages && !hasFolders;
        }
        catch (Exception exception)
            when (exception is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or OverflowException)
        {
            return false; // reported when the file is opened
        }
    }
}
