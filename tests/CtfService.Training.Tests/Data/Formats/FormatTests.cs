using System.Formats.Tar;
using System.IO.Compression;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Formats;

/// <summary>The same images are read from every format, with their classes and in their order.</summary>
public sealed class FormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("metadata folder")]
    [InlineData("webdataset")]
    [InlineData("npz")]
    [InlineData("parquet")]
    public async Task Open_EachFormat_ReadsTheImagesInOrder(string format)
    {
        var samples = StoredSets.Plain(8);

        var dataset = ImageDatasetReader.Open(await WriteAsync(format, "set", samples), 4);

        AssertIs(samples, dataset);
        Assert.Empty(dataset.Skipped);
    }

    [Theory]
    [InlineData("metadata folder")]
    [InlineData("webdataset")]
    [InlineData("npz")]
    [InlineData("parquet")]
    public async Task Open_SplitsOfEachFormat_ReadsTheSplit(string format)
    {
        await WriteAsync(format, "data/train", StoredSets.Plain(8));
        var test = StoredSets.Plain(3)[1..];
        await WriteAsync(format, "data/test", test);

        var dataset = ImageDatasetReader.Open(_folder.File("data"), 4, "test");

        AssertIs(test, dataset);
        Assert.Equal(StoredSets.ClassNames, ImageDatasetReader.Classes(_folder.File("data"), "train"));
    }

    [Theory]
    [InlineData(TarEntryFormat.V7)]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Gnu)]
    [InlineData(TarEntryFormat.Pax)]
    public void Open_WebDatasetInEachTarFormat_IsRead(TarEntryFormat format)
    {
        var samples = StoredSets.Plain(4);

        AssertIs(samples, ImageDatasetReader.Open(StoredSets.WebDataset(_folder.File("set"), samples, format), 4));
    }

    [Fact]
    public void Open_OneShard_IsAWebDataset()
    {
        var samples = StoredSets.Plain(6);
        StoredSets.WebDataset(_folder.File("set"), samples);

        AssertIs(samples[3..], ImageDatasetReader.Open(_folder.File("set/set-000001.tar"), 4));
    }

    [Fact]
    public void Open_PatternOfShards_ReadsTheRange()
    {
        var samples = StoredSets.Plain(12);
        StoredSets.WebDataset(_folder.File("set"), samples);

        AssertIs(samples[3..9], ImageDatasetReader.Open(_folder.File("set/set-{000001..000002}.tar"), 4));
    }

    [Fact]
    public void Open_PatternWithMissingShards_NamesThem()
    {
        StoredSets.WebDataset(_folder.File("set"), StoredSets.Plain(6));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_folder.File("set/set-{000000..000003}.tar"), 4));

        Assert.Contains("names 4 files, of which 2 do not exist", exception.Message, StringComparison.Ordinal);
        Assert.Contains("set-000003.tar", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_CompressedNpz_IsRead()
    {
        var samples = StoredSets.Plain(5);

        AssertIs(samples, ImageDatasetReader.Open(StoredSets.Npz(_folder.File("set.npz"), samples, CompressionLevel.Optimal), 4));
    }

    [Fact]
    public async Task Open_FilesNamedAfterSplits_AreTheSplits()
    {
        var (train, test) = (StoredSets.Plain(8), StoredSets.Plain(6));
        await StoredSets.ParquetAsync(_folder.File("hub/data/train-00000-of-00002.parquet"), train[..4]);
        await StoredSets.ParquetAsync(_folder.File("hub/data/train-00001-of-00002.parquet"), train[4..]);
        await StoredSets.ParquetAsync(_folder.File("hub/data/test-00000-of-00001.parquet"), test);

        AssertIs(train, ImageDatasetReader.Open(_folder.File("hub"), 4, "train"));
        AssertIs(test, ImageDatasetReader.Open(_folder.File("hub"), 4, "test"));
        Assert.False(ImageDatasetReader.HasSplit(_folder.File("hub"), "validation"));
        Assert.Contains("several splits", Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_folder.File("hub"), 4)).Message);
    }

    [Fact]
    public async Task Open_OneSetWithoutSplits_IsRejectedForASplit()
    {
        var set = await WriteAsync("webdataset", "set", StoredSets.Plain(4));
        Directory.CreateDirectory(_folder.File("other"));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_folder.File("set/set-000000.tar"), 4, "train"));

        Assert.Contains("one set of images without splits; expected the split 'train'", exception.Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(set, 4, "train"));
    }

    [Theory]
    [InlineData("metadata folder")]
    [InlineData("webdataset")]
    [InlineData("npz")]
    [InlineData("parquet")]
    public async Task Fingerprint_EachFormat_ChangesWithTheContent(string format)
    {
        string Fingerprint() => DataFingerprint.Of(_folder.File("data"), "train");
        await WriteAsync(format, "data/train", StoredSets.Plain(8));
        await WriteAsync(format, "data/test", StoredSets.Plain(8));
        var before = Fingerprint();
        var same = Fingerprint();

        await WriteAsync(format, "data/train", [.. StoredSets.Plain(8).Reverse()]);

        Assert.Equal(before, same);
        Assert.NotEqual(before, Fingerprint());
        Assert.Contains(" of 2 classes, ", before, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MoreImagesThanTheMemoryHolds_IsRejectedBeforeTheyAreRead()
    {
        var set = StoredSets.Npz(_folder.File("set.npz"), StoredSets.Plain(20, side: 1));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(set, 1 << 20));

        Assert.Contains("20 images, which need 65,970.7 GB at 1048576x1048576 pixels", exception.Message, StringComparison.Ordinal);
    }

    private static void AssertIs(IReadOnlyList<Sample> expected, ImageDataset actual)
    {
        Assert.Equal(StoredSets.ClassNames, actual.ClassNames);
        Assert.Equal(expected.Select(sample => sample.ClassId), actual.ClassIds);
        Assert.Equal(expected.Select(sample => sample.Image.Pixels), actual.Images);
        Assert.True(actual.IsLabelled);
    }

    private async Task<string> WriteAsync(string format, string name, IReadOnlyList<Sample> samples) => format switch
    {
        "metadata folder" => StoredSets.MetadataFolder(_folder.File(name), samples),
        "webdataset" => StoredSets.WebDataset(_folder.File(name), samples),
        "npz" => Path.GetDirectoryName(StoredSets.Npz(_folder.File($"{name}/images.npz"), samples))!,
        _ => Path.GetDirectoryName(await StoredSets.ParquetAsync(_folder.File($"{name}/images.parquet"), samples))!,
    };
}
