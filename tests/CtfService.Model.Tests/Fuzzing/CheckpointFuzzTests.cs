using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Conversion;
using CtfService.Model.Tests.Checkpoints;
using CtfService.Model.Tests.Conversion;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Fuzzing;

/// <summary>
/// Reads damaged inputs, made from every valid file with a seed: each gives its content or one of our own errors, quickly and without allocating much more than
/// the input. The environment variable CTF_FUZZ sets their number; 200,000 is the full run.
/// </summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private const int UsualCount = 5_000;
    private const int LargeFile = 100_000;

    /// <summary>Bytes that a tiny input may allocate for messages, buffers and the first use of a type.</summary>
    private const long AllowedAllocation = 4 << 20;

    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(2);

    private readonly TemporaryFolder _folder = new();

    private static int Count =>
        int.TryParse(Environment.GetEnvironmentVariable("CTF_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : UsualCount;

    [Fact]
    public void Open_MutatedPyTorchFiles_AreReadOrRefused() =>
        Fuzz(
            Read(Directory.GetFiles(GoldenFolder.Root, "*.pt", SearchOption.AllDirectories)
                .Where(path => !Path.GetFileName(path).StartsWith("bad-", StringComparison.Ordinal))),
            Count * 11 / 20,
            ReadWeights);

    [Fact]
    public void Open_MutatedSafetensorsFiles_AreReadOrRefused() =>
        Fuzz(Read(Directory.GetFiles(GoldenFolder.Root, "*.safetensors", SearchOption.AllDirectories)), Count / 4, ReadWeights);

    /// <summary>Files of other programs: bare tensors, wrapped keys, values in addition to the weights.</summary>
    [Fact]
    public void Open_MutatedFilesOfOtherPrograms_AreReadOrRefused()
    {
        foreach (var (index, form) in new[] { "tensor", "list", "among others", "deep" }.Index())
        {
            MapFile.PyTorch(_folder.File($"{index}.pt"), form, index % 2 == 0 ? "I32" : "U16", [0, 1, 2, 0, 1, 2]);
        }

        TorchFileWriter.Write(
            _folder.File("wrapped.pt"),
            [("module._orig_mod.a.weight", [3]), ("module._orig_mod.b.weight", [2, 2])],
            TorchFileWriter.FillRandom,
            "model_state_dict");
        HarmlessPickle.Write(_folder.File("harmless.pt"));

        Fuzz(Read(Directory.GetFiles(_folder.Root, "*.pt")), Count / 5, ReadWeights);
    }

    [Fact]
    public void Open_MutatedNumPyFiles_AreReadOrRefused()
    {
        var array = NumPyFileTests.Npy("<i4", "(2, 3)", new byte[24]);
        using (var zip = ZipFile.Open(_folder.File("stored.npz"), ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry("a.npy", CompressionLevel.NoCompression).Open();
            entry.Write(array);
        }

        using (var zip = ZipFile.Open(_folder.File("packed.npz"), ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry("a.npy", CompressionLevel.Optimal).Open();
            entry.Write(array);
        }

        byte[][] files =
        [
            array,
            NumPyFileTests.Npy(">u2", "(4,)", new byte[8], version: 3, fortran: "True"),
            .. Read(Directory.GetFiles(_folder.Root, "*.npz")),
        ];

        Fuzz(files, Count / 5, ReadWeights, isText: true);
    }

    [Fact]
    public void Deserialize_MutatedManifests_AreReadOrRefused()
    {
        using var tiny = new TinyBundle();
        using var plain = new TinyBundle(plain: true);
        var manifests = Read(new[] { tiny, plain }.Select(bundle => Path.Combine(bundle.Directory, BundleFiles.Manifest)));

        Fuzz(manifests, Count / 5, path =>
        {
            var manifest = BundleJson.Deserialize(path, File.ReadAllBytes(path));
            BundleReader.RequireSound(path, BundleManifestValidator.Problems(manifest));
        }, isText: true);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[][] Read(IEnumerable<string> paths) => [.. paths.Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private void Fuzz(byte[][] files, int count, Action<string> open, bool isText = false)
    {
        var small = files.Where(file => file.Length < LargeFile).ToArray();
        var path = _folder.File("input");
        var refused = 0;
        Swallow(open, path, files[0]); // the first use of a type allocates
        for (var seed = 0; seed < count; seed++)
        {
            // Large files differ from small ones only in their numbers; a few of them are enough.
            var pool = seed % 50 == 0 ? files : small;
            var input = new Mutator(seed).Mutate(pool[seed % pool.Length], small[seed * 7 % small.Length], isText);
            var started = Stopwatch.GetTimestamp();
            var allocated = GC.GetAllocatedBytesForCurrentThread();

            var error = Swallow(open, path, input);

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            Assert.True(error is null or CheckpointException, $"Seed {seed}: {error}");
            Assert.True(Stopwatch.GetElapsedTime(started) < LongestTime, $"Seed {seed} took {Stopwatch.GetElapsedTime(started)}.");
            Assert.True(allocated <= (64L * input.Length) + AllowedAllocation, $"Seed {seed}: {input.Length} bytes of input took {allocated} bytes.");
            refused += error is null ? 0 : 1;
        }

        Assert.InRange(refused, count / 3, count - 1); // the mutations damage more than the first byte
    }

    private static Exception? Swallow(Action<string> open, string path, byte[] input)
    {
        File.WriteAllBytes(path, input);
        return Record.Exception(() => open(path));
    }

    private static void ReadWeights(string path)
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(path);
        var length = new FileInfo(path).Length;
        foreach (var entry in file.Entries)
        {
            Assert.True(entry.ByteLength <= length + PickleLimits.RepeatedBytes, $"{entry.Name} would take {entry.ByteLength} bytes of a file of {length}.");
            file.Read(entry.Name).Dispose();
        }

        if (TransformerRecognizer.IsTransformer(file))
        {
            TransformerRecognizer.Recognize(file);
        }
        else if (TokenizerRecognizer.IsTokenizer(file))
        {
            TokenizerRecognizer.Recognize(file);
        }
    }
}
