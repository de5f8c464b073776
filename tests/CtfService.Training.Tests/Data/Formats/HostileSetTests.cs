using System.IO.Compression;
using System.Text;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using Parquet;
using Parquet.Schema;

namespace CtfService.Training.Tests.Data.Formats;

/// <summary>Damaged and hostile files are rejected with a message, and damaged images are skipped and counted.</summary>
public sealed class HostileSetTests : IDisposable
{
    private static readonly byte[] Png = StoredSets.Png(TemporaryImages.Plain(4, 4, 1, 2, 3));

    /// <summary>Last bytes of a Parquet file's description, changes of which the library answers with a loop; <see cref="Watchdog"/> ends it.</summary>
    private const int FooterEnd = 9;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_WebDatasetWithOddMembers_SkipsAndCountsThem()
    {
        byte[] cls = [.. "pear"u8];
        StoredSets.Tar(_folder.File("set/0.tar"),
        [
            ("good.cls", cls), ("good.png", Png),
            ("../out.cls", cls), ("../out.png", Png),           // outside: tar programs do not unpack it
            ("two.cls", cls), ("two.png", Png), ("two.jpg", Png),
            ("twice.cls", cls), ("twice.png", Png), ("twice.png", Png),
            ("lonely.cls", cls),
            ("broken.cls", cls), ("broken.png", Png[..40]),
            ("text.cls", cls), ("text.png", [.. "no image"u8]),
            ("._good.png", Png),
        ]);

        var dataset = ImageDatasetReader.Open(_folder.File("set"), 4);

        Assert.Equal(3, dataset.Count); // good, two, twice
        Assert.Equal(
            [
                "0.tar/lonely: a sample without an image",
                "0.tar/two.jpg: a second image of one sample",
                "0.tar/._good.png: created by an operating system or a storage system",
                "0.tar/broken.png: damaged or truncated",
                "0.tar/text.png: not an image",
                "0.tar/twice.png: replaced by a later entry with the same name in the tar file",
            ],
            dataset.Skipped.Select(skipped => skipped.ToString()));
    }

    [Theory]
    [InlineData("set/0.tar")]
    [InlineData("set/0.npz")]
    [InlineData("set/0.parquet")]
    public async Task Open_FileCutAnywhere_IsRejectedOrSkipsImages(string name)
    {
        var samples = StoredSets.Plain(4);
        var path = _folder.File(name);
        _ = Path.GetExtension(name) switch
        {
            ".tar" => StoredSets.Tar(path, samples.SelectMany((sample, i) => StoredSets.Members(StoredSets.Key(i), sample))),
            ".npz" => StoredSets.Npz(path, samples, CompressionLevel.Optimal),
            _ => await StoredSets.ParquetAsync(path, samples),
        };
        var whole = await File.ReadAllBytesAsync(path);
        for (var length = 0; length < whole.Length - 1; length += Math.Max(1, whole.Length / 200))
        {
            await File.WriteAllBytesAsync(path, whole[..length]);

            if (Record.Exception(() => ImageDatasetReader.Open(path, 4)) is { } exception)
            {
                Assert.IsType<DatasetException>(exception);
            }
        }
    }

    [Theory]
    [InlineData("set/0.npz")]
    [InlineData("set/0.parquet")]
    public async Task Open_AnyByteChanged_IsRejectedOrRead(string name)
    {
        var samples = StoredSets.Plain(2);
        var path = _folder.File(name);
        _ = Path.GetExtension(name) == ".npz" ? StoredSets.Npz(path, samples) : await StoredSets.ParquetAsync(path, samples);
        var whole = await File.ReadAllBytesAsync(path);
        for (var place = 0; place < whole.Length - FooterEnd; place += 2)
        {
            var changed = (byte[])whole.Clone();
            changed[place] ^= 1;
            await File.WriteAllBytesAsync(path, changed);

            if (Record.Exception(() => ImageDatasetReader.Open(path, 4)) is { } exception)
            {
                Assert.True(exception is DatasetException, $"Byte {place}: {exception}");
            }
        }
    }

    [Theory]
    [InlineData("|u1", "(1073741824, 1073741824, 1, 3)", "which is not the size of |u1 (1073741824, 1073741824, 1, 3). The file is damaged.")]
    [InlineData("|u1", "(4294967296, 4294967296, 4294967296, 3)", "The file is damaged.")]
    [InlineData("|u1", "(1, 4, 4, 3)", "is not the size of")]
    [InlineData("<f4", "(1, 2, 2, 3)", "dtype <f4 and shape (1, 2, 2, 3); expected uint8 (|u1) images of shape (N, height, width, 3). Save RGB")]
    [InlineData("|u1", "(1, 3, 4, 4)", "Save array.transpose(0, 2, 3, 1).")]
    [InlineData("|u1", "(48,)", "expected uint8 (|u1) images of shape (N, height, width, 3)")]
    [InlineData("<U1", "(12,)", "which is not the size of")]
    public void Open_NpzWithAnotherArray_SaysWhatIsExpected(string dtype, string shape, string message)
    {
        var exception = Reject(("arr_0.npy", StoredSets.Array(dtype, shape, new byte[shape == "(1, 4, 4, 3)" ? 47 : 48])));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NpzInFortranOrder_IsRejected()
    {
        var array = StoredSets.Array("|u1", "(1, 4, 4, 3)", new byte[48], isFortran: true);

        var exception = Reject(("arr_0.npy", array));

        Assert.Contains("is in Fortran order; expected C order. Save numpy.ascontiguousarray(array).", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NpzWithoutImages_NamesItsArrays()
    {
        var exception = Reject(("images.npy", StoredSets.Array("|u1", "(1, 4, 4, 3)", new byte[48])));

        Assert.EndsWith("has no array 'arr_0'; it has images.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NpzWithTooFewLabels_IsRejected()
    {
        var exception = Reject(
            ("arr_0.npy", StoredSets.Array("|u1", "(2, 4, 4, 3)", new byte[96])), ("arr_1.npy", StoredSets.Array("<i8", "(1,)", new byte[8])));

        Assert.EndsWith("has arr_1 of shape (1,) for 2 images; expected one class id for each image, (2,).", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NpzWithLabelsThatAreNoIntegers_IsRejected()
    {
        var exception = Reject(
            ("arr_0.npy", StoredSets.Array("|u1", "(1, 4, 4, 3)", new byte[48])), ("arr_1.npy", StoredSets.Array("<f8", "(1,)", new byte[8])));

        Assert.Contains("has the dtype <f8; expected integers. Save array.astype('int64').", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NpzWithImagesAboveTheLimit_IsRejectedBeforeTheyAreRead()
    {
        var path = StoredSets.Npz(_folder.File("a.npz"), StoredSets.Plain(2, side: 8));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(path, 4, maxPixels: 63));

        Assert.Contains("images of 8x8 pixels, more than 63 pixels", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("big-endian", ">i4", new byte[] { 0, 0, 0, 1 })]
    [InlineData("one byte", "|i1", new byte[] { 1 })]
    [InlineData("unsigned", "<u2", new byte[] { 1, 0 })]
    public void Open_NpzWithLabelsOfAnyIntegerType_IsRead(string name, string dtype, byte[] label)
    {
        var path = StoredSets.Zip(
            _folder.File(name + ".npz"),
            CompressionLevel.NoCompression,
            ("arr_0.npy", StoredSets.Array("|u1", "(1, 4, 4, 3)", new byte[48])),
            ("arr_1.npy", StoredSets.Array(dtype, "(1,)", label)));

        Assert.Equal(["1"], ImageDatasetReader.Open(path, 4).ClassNames);
    }

    [Fact]
    public async Task Open_ParquetWithoutImages_NamesItsColumns()
    {
        var text = new DataField<string>("text");
        var path = await ParquetAsync(new ParquetSchema(text), rows => rows.WriteAsync(text, ["a"]));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(path, 4));

        Assert.Contains("has no column of images; expected 'image', a struct with the binary field 'bytes'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("text", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ParquetWithLabelsThatAreNoClasses_NamesTheType()
    {
        var (image, label) = (new DataField<byte[]>("image"), new DataField<double>("label"));
        var path = await ParquetAsync(new ParquetSchema(image, label), async rows =>
        {
            await rows.WriteAsync(image, [Png]);
            await rows.WriteAsync<double>(label, new[] { 1.5 });
        });

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(path, 4));

        Assert.Contains("labels of type Double in column 'label'; expected integers (class ids) or strings", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ParquetWithNullsAndNames_SkipsRowsWithoutAnImage()
    {
        var (bytes, label) = (new DataField<byte[]>("bytes"), new DataField<string>("label"));
        var path = await ParquetAsync(new ParquetSchema(new StructField("image", bytes), label), async rows =>
        {
            await rows.WriteAsync(bytes, new[] { null, Png, Png, [1, 2] }!);
            await rows.WriteAsync(label, new[] { "pear", "pear", null, "pear" }!);
        });

        var dataset = ImageDatasetReader.Open(path, 4);

        Assert.Single(dataset.Images);
        Assert.Equal(["pear"], dataset.ClassNames);
        Assert.Equal(
            [
                "a.parquet[0]: a row without the bytes of an image", "a.parquet[3]: not an image", "a.parquet[2]: without a label, which other images have",
            ],
            dataset.Skipped.Select(skipped => skipped.ToString()));
    }

    [Fact]
    public void Open_MetadataWithOddLines_SkipsAndCountsThem()
    {
        StoredSets.WriteFile(_folder.File("secret.png"), Png);
        StoredSets.WriteFile(_folder.File("set/a.png"), Png);
        StoredSets.WriteFile(_folder.File("set/extra.png"), Png);
        StoredSets.WriteFile(_folder.File("set/metadata.jsonl"), Encoding.UTF8.GetBytes(
            """
            {"file_name": "a.png", "label": "pear"}
            {"file_name": "a.png", "label": "pear"}
            {"file_name": "../secret.png", "label": "pear"}

            {"file_name": "gone.png", "label": "pear"}
            """));

        var dataset = ImageDatasetReader.Open(_folder.File("set"), 4);

        Assert.Single(dataset.Images);
        Assert.Equal(
            [
                "gone.png: listed in metadata.jsonl, but missing", "a.png: listed twice in metadata.jsonl",
                "extra.png: not listed in metadata.jsonl", "../secret.png: outside the folder of the data set",
            ],
            dataset.Skipped.Select(skipped => skipped.ToString()));
    }

    [Theory]
    [InlineData("""{"file": "a.png"}""", "line 2, has no 'file_name'")]
    [InlineData("""{"file_name": """, "line 2, is not JSON")]
    public void Open_MetadataLineThatIsNone_IsRejectedWithItsNumber(string line, string message)
    {
        StoredSets.WriteFile(_folder.File("set/a.png"), Png);
        StoredSets.WriteFile(_folder.File("set/metadata.jsonl"), Encoding.UTF8.GetBytes("""{"file_name": "a.png", "label": 0}""" + "\n" + line));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_folder.File("set"), 4));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    private DatasetException Reject(params (string Name, byte[] Content)[] arrays)
    {
        var path = StoredSets.Zip(_folder.File("a.npz"), CompressionLevel.NoCompression, arrays);
        return Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(path, new DatasetRequest(4) { AcceptUnlabelled = true }));
    }

    private async Task<string> ParquetAsync(ParquetSchema schema, Func<ParquetRowGroupWriter, Task> write)
    {
        var path = _folder.File("a.parquet");
        using var file = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(schema, file);
        using var rows = writer.CreateRowGroup();
        await write(rows);
        return path;
    }
}
