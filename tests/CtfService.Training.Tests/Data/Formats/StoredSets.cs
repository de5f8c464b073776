using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using Parquet;
using Parquet.Schema;

namespace CtfService.Training.Tests.Data.Formats;

/// <summary>An image of a test and its class.</summary>
internal sealed record Sample(RgbImage Image, int ClassId);

/// <summary>Writes the same images in each format, independently of the writers of the product.</summary>
internal static class StoredSets
{
    public static readonly string[] ClassNames = ["red", "green"];

    public static byte[] Png(RgbImage image) => ImageCodec.Encode(image, ImageFormat.Png);

    /// <summary>Plain images whose red value is their number; image i has class i modulo 2.</summary>
    public static Sample[] Plain(int count, int side = 4) =>
        [.. Enumerable.Range(0, count).Select(i => new Sample(TemporaryImages.Plain(side, side, (byte)i, 0, 0), i % 2))];

    public static string ClassFolders(string folder, IReadOnlyList<Sample> samples)
    {
        foreach (var (i, sample) in samples.Index())
        {
            WriteFile(Path.Combine(folder, ClassNames[sample.ClassId], Key(i) + ".png"), Png(sample.Image));
        }

        return folder;
    }

    /// <summary>Writes images with a metadata.jsonl in one flat folder.</summary>
    public static string MetadataFolder(string folder, IReadOnlyList<Sample> samples)
    {
        var lines = samples.Index().Select(entry =>
            JsonSerializer.Serialize(new { file_name = Key(entry.Index) + ".png", class_id = entry.Item.ClassId, label = ClassNames[entry.Item.ClassId] }));
        foreach (var (i, sample) in samples.Index())
        {
            WriteFile(Path.Combine(folder, Key(i) + ".png"), Png(sample.Image));
        }

        WriteFile(Path.Combine(folder, "metadata.jsonl"), Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        return folder;
    }

    /// <summary>Writes shards of three samples, with the class id in .cls and the name in .json.</summary>
    public static string WebDataset(string folder, IReadOnlyList<Sample> samples, TarEntryFormat format = TarEntryFormat.Pax)
    {
        foreach (var (number, shard) in samples.Index().Chunk(3).Index())
        {
            Tar(
                Path.Combine(folder, FormattableString.Invariant($"set-{number:000000}.tar")),
                shard.SelectMany(entry => Members(Key(entry.Index), entry.Item)),
                format);
        }

        return folder;
    }

    public static IEnumerable<(string Name, byte[] Content)> Members(string key, Sample sample) =>
    [
        ($"{key}.cls", Encoding.ASCII.GetBytes(sample.ClassId.ToString(CultureInfo.InvariantCulture))),
        ($"{key}.json", JsonSerializer.SerializeToUtf8Bytes(new { class_label = ClassNames[sample.ClassId], seed = 7 })),
        ($"{key}.png", Png(sample.Image)),
    ];

    public static string Tar(string path, IEnumerable<(string Name, byte[] Content)> members, TarEntryFormat format = TarEntryFormat.Pax)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var writer = new TarWriter(File.Create(path), format);
        foreach (var (name, content) in members)
        {
            TarEntry entry = format switch
            {
                TarEntryFormat.V7 => new V7TarEntry(TarEntryType.V7RegularFile, name),
                TarEntryFormat.Ustar => new UstarTarEntry(TarEntryType.RegularFile, name),
                TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name),
                _ => new PaxTarEntry(TarEntryType.RegularFile, name),
            };
            entry.DataStream = new MemoryStream(content);
            writer.WriteEntry(entry);
        }

        return path;
    }

    /// <summary>Writes an npz file with the class ids, and the class names beside it.</summary>
    public static string Npz(string path, IReadOnlyList<Sample> samples, CompressionLevel compression = CompressionLevel.NoCompression)
    {
        var (side, count) = (samples[0].Image.Width, samples.Count);
        byte[] labels = [.. samples.SelectMany(sample => BitConverter.GetBytes((long)sample.ClassId))];
        Zip(
            path,
            compression,
            ("arr_0.npy", Array("|u1", $"({count}, {side}, {side}, 3)", [.. samples.SelectMany(sample => sample.Image.Pixels)])),
            ("arr_1.npy", Array("<i8", $"({count},)", labels)));
        WriteFile(Path.Combine(Path.GetDirectoryName(path)!, "classes.json"), JsonSerializer.SerializeToUtf8Bytes(ClassNames));
        return path;
    }

    /// <summary>Returns an array as numpy.save writes it.</summary>
    public static byte[] Array(string dtype, string shape, byte[] content, bool isFortran = false)
    {
        var header = $"{{'descr': '{dtype}', 'fortran_order': {(isFortran ? "True" : "False")}, 'shape': {shape}, }}";
        header = header.PadRight(((10 + header.Length + 1 + 63) / 64 * 64) - 10 - 1) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header), .. content];
    }

    public static string Zip(string path, CompressionLevel compression, params (string Name, byte[] Content)[] entries)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        foreach (var (name, content) in entries)
        {
            using var entry = zip.CreateEntry(name, compression).Open();
            entry.Write(content);
        }

        return path;
    }

    /// <summary>Writes a Parquet file as Hugging Face's datasets do, in row groups of three images.</summary>
    public static async Task<string> ParquetAsync(string path, IReadOnlyList<Sample> samples)
    {
        var (bytes, name) = (new DataField<byte[]>("bytes"), new DataField<string>("path"));
        var label = new DataField<long?>("label");
        var features = new { label = new { names = ClassNames, _type = "ClassLabel" }, image = new { _type = "Image" } };
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(label, new StructField("image", name, bytes)), file);
        writer.CustomMetadata = new Dictionary<string, string> { ["huggingface"] = JsonSerializer.Serialize(new { info = new { features } }) };
        foreach (var group in samples.Chunk(3))
        {
            using var rows = writer.CreateRowGroup();
            await rows.WriteAsync<long>(label, group.Select(sample => (long?)sample.ClassId).ToArray());
            await rows.WriteAsync(name, group.Select(_ => (string?)null).ToArray()!);
            await rows.WriteAsync(bytes, group.Select(sample => Png(sample.Image)).ToArray());
        }

        return path;
    }

    /// <summary>Writes mean and covariance as pytorch-fid does.</summary>
    public static string Statistics(string path, double[] mean, double[] covariance, params (string Name, byte[] Content)[] others)
    {
        static byte[] Bytes(double[] numbers) => [.. numbers.SelectMany(BitConverter.GetBytes)];
        return Zip(
            path,
            CompressionLevel.NoCompression,
            [
                ("mu.npy", Array("<f8", $"({mean.Length},)", Bytes(mean))),
                ("sigma.npy", Array("<f8", $"({mean.Length}, {covariance.Length / mean.Length})", Bytes(covariance))),
                .. others,
            ]);
    }

    public static string WriteFile(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public static string Key(int i) => FormattableString.Invariant($"{i:000000}");
}
