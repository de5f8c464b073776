using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Benchmarks;

/// <summary>
/// Writes a data set of many tiny images as class folders, as a tar file of them and as WebDataset shards, and runs <c>ctf bench data</c> on each in a process
/// of its own: the time to list it, the time to the first batch, and the memory over many batches.
/// </summary>
internal static class DataMeasurement
{
    private const int Classes = 1_000;
    private const int Shards = 100;
    private const int Side = 4;

    /// <param name="folder">Folder for the sets; what is there is kept and used again.</param>
    public static int Run(string folder, int images, int steps)
    {
        var (folders, tar, shards) = (Path.Combine(folder, "folders"), Path.Combine(folder, "set.tar"), Path.Combine(folder, "shards"));
        Write(folders, () => WriteFolders(folders, images));
        Write(tar, () => WriteTar(tar, Enumerable.Range(0, images).Select(image => ($"{ClassOf(image)}/{image:D7}.png", Png(image)))));
        Write(shards, () => WriteShards(shards, images));
        foreach (var set in (string[])[folders, tar, shards])
        {
            // 16 pixels need less memory than 32, and 0 MiB keeps all images on disk all the same.
            Ctf("bench", "data", "--data", set, "--image-size", "16", "--batch", "64", "--steps", $"{steps}", "--image-memory", "0");
        }

        return 0;
    }

    private static void Write(string path, Action write)
    {
        if (!Path.Exists(path))
        {
            var started = Stopwatch.GetTimestamp();
            write();
            Console.Error.WriteLine(FormattableString.Invariant($"Wrote {path} in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s."));
        }
    }

    private static void WriteFolders(string folder, int images)
    {
        for (var id = 0; id < Classes; id++)
        {
            Directory.CreateDirectory(Path.Combine(folder, ClassOf(id)));
        }

        Parallel.For(0, images, image => File.WriteAllBytes(Path.Combine(folder, ClassOf(image), $"{image:D7}.png"), Png(image)));
    }

    private static void WriteShards(string folder, int images)
    {
        Directory.CreateDirectory(folder);
        var size = (images + Shards - 1) / Shards;
        foreach (var (number, shard) in Enumerable.Range(0, images).Chunk(size).Index())
        {
            WriteTar(Path.Combine(folder, $"set-{number:D6}.tar"), shard.SelectMany(image => new[]
            {
                ($"{image:D7}.cls", Encoding.ASCII.GetBytes((image % Classes).ToString(CultureInfo.InvariantCulture))),
                ($"{image:D7}.png", Png(image)),
            }));
        }

        File.WriteAllLines(Path.Combine(folder, "classes.txt"), Enumerable.Range(0, Classes).Select(ClassOf));
    }

    private static void WriteTar(string path, IEnumerable<(string Name, byte[] Content)> members)
    {
        using var writer = new TarWriter(File.Create(path), TarEntryFormat.Ustar);
        foreach (var (name, content) in members)
        {
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
        }
    }

    private static string ClassOf(int image) => $"class{image % Classes:D4}";

    /// <summary>Returns an image of one colour that is different for each image.</summary>
    private static byte[] Png(int image)
    {
        var pixels = new byte[Side * Side * 3];
        for (var value = 0; value < pixels.Length; value++)
        {
            pixels[value] = (byte)(image >> (8 * (value % 3)));
        }

        return ImageCodec.Encode(new RgbImage(Side, Side, pixels), ImageFormat.Png);
    }

    private static void Ctf(params string[] arguments)
    {
        using var process = Process.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "ctf.dll"), .. arguments]);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ctf {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
