using System.Buffers.Binary;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Files;

/// <summary>Which files are images, which are skipped and which are rejected; the same in a folder and in a tar file.</summary>
public sealed class DatasetRulesTests : IDisposable
{
    private static readonly byte[] Png = ImageCodec.Encode(TemporaryImages.Plain(4, 4, 1, 2, 3), ImageFormat.Png);

    private readonly TemporaryImages _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Open_ImageAboveThePixelLimit_IsSkippedByNameWithItsSize()
    {
        _files.Add("a/0.png", TemporaryImages.Plain(10, 4, 1, 2, 3)).Add("a/1.png", TemporaryImages.Plain(41, 1, 1, 2, 3));

        var dataset = ImageDatasetReader.Open(_files.Root, 4, maxPixels: 40);

        Assert.Single(dataset.Images);
        Assert.Equal("a/1.png (41x1): more than 40 pixels; scale it down or raise --max-pixels", Assert.Single(dataset.Skipped).ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_EachKindOfImage_IsReadByItsContent(bool asTar)
    {
        var image = TemporaryImages.Plain(4, 4, 200, 100, 50);
        _files.Add("a/1.JPG", ImageCodec.Encode(image, ImageFormat.Jpeg)).Add("a/2.jfif", ImageCodec.Encode(image, ImageFormat.Jpeg))
            .Add("a/3.jpg", ImageCodec.Encode(image, ImageFormat.Png)).Add("a/4", ImageCodec.Encode(image, ImageFormat.Webp))
            .Add("a/5.bmp", Bitmap(200, 100, 50)).Add("a/6.gif", Gif(200, 100, 50));

        var dataset = Open(asTar);

        Assert.Equal(6, dataset.Count);
        Assert.All(dataset.Images, pixels => Assert.InRange(pixels[0], 190, 210));
        Assert.All(dataset.Images, pixels => Assert.InRange(pixels[2], 40, 60));
        Assert.Empty(dataset.Skipped);
    }

    public static TheoryData<string, byte[], string> Unreadable => new()
    {
        { "x.tif", "II*\0        "u8.ToArray(), "an image in TIFF format, which is not supported; convert it to PNG" },
        { "x.tiff", "MM\0*        "u8.ToArray(), "an image in TIFF format, which is not supported; convert it to PNG" },
        { "x.avif", "\0\0\0\u0020ftypavif"u8.ToArray(), "an image in AVIF format, which is not supported; convert it to PNG" },
        { "x.heic", "\0\0\0\u0020ftypheic"u8.ToArray(), "an image in HEIC format, which is not supported; convert it to PNG" },
        { "x.png", [], "an empty file" },
        { "x.jpg", [1, 2, 3], "not an image" },
        { "notes.txt", "three apples"u8.ToArray(), "not an image" },
        { "cut.png", Png[..^26], "damaged or truncated" },
        { "header.png", Png[..20], "damaged or truncated" },
        { "scan.png", HugePng(30_000, 30_000), "more than 67,108,864 pixels; scale it down or raise --max-pixels" },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void Open_FileThatIsNotRead_IsSkippedByNameWithTheReason(string name, byte[] file, string reason)
    {
        _files.Add("a/0.png", Png).Add($"a/{name}", file);

        foreach (var asTar in new[] { false, true })
        {
            var dataset = Open(asTar);

            Assert.Single(dataset.Images);
            var skipped = Assert.Single(dataset.Skipped);
            Assert.Equal((reason, 1), (skipped.Reason, skipped.Count));
            Assert.StartsWith($"a/{name}", Assert.Single(skipped.Names), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_ManySkippedFiles_CountsAllAndNamesTheFirst(bool asTar)
    {
        _files.Add("a/0.png", Png);
        for (var i = 0; i < 50; i++)
        {
            _files.Add($"a/{i:00}.txt", [1]);
        }

        Assert.Equal("a/00.txt, a/01.txt, a/02.txt and 47 more: not an image", Assert.Single(Open(asTar).Skipped).ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_FilesOfStorageSystems_AreNeitherClassesNorImages(bool asTar)
    {
        _files.Add("a/0.png", Png).Add("b/0.png", Png);
        string[] system =
        [
            "@eaDir", "a/@eaDir", "lost+found", "__MACOSX", "#recycle", "@Recycle", "$RECYCLE.BIN",
            "System Volume Information", "a/.ipynb_checkpoints", ".git",
        ];
        foreach (var folder in system)
        {
            _files.Add($"{folder}/x/thumb.png", Png);
        }

        _files.Add("a/.DS_Store", [1]).Add("a/._0.png", Png).Add("a/Thumbs.db", [1]).Add("b/desktop.ini", [1]);

        var dataset = Open(asTar);

        Assert.Equal(["a", "b"], dataset.ClassNames);
        Assert.Equal(2, dataset.Count);
        Assert.Equal(system.Length + 4, Assert.Single(dataset.Skipped).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_SystemFolderBesideTheSplits_IsNotOpened(bool asTar)
    {
        _files.Add("train/a/0.png", Png).Add("lost+found/x/0.png", Png);

        Assert.Empty(Open(asTar, "train").Skipped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_FileBesideTheClassFolders_IsNamed(bool asTar)
    {
        _files.Add("train/a/0.png", Png).Add("train/stray.png", Png);

        Assert.Equal("train/stray.png: outside the class folders", Assert.Single(Open(asTar, "train").Skipped).ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_ComposedAndDecomposedNames_AreOneClass(bool asTar)
    {
        _files.Add("train/caf\u00e9/0.png", Png).Add("train/\ud55c/0.png", Png).Add("test/cafe\u0301/0.png", Png).Add("test/\u1112\u1161\u11ab/0.png", Png);

        var test = Open(asTar, "test");

        Assert.Equal(["caf\u00e9", "\ud55c"], test.ClassNames);
        Assert.Equal([0, 1], test.ClassIds);
        Assert.Empty(test.UnknownClasses);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_TestSplitWithOtherClasses_TakesTheTrainingNumbersAndNamesTheRest(bool asTar)
    {
        _files.Add("train/b/0.png", Png).Add("train/c/0.png", Png).Add("train/d/0.png", Png)
            .Add("test/a/0.png", Png).Add("test/a/1.png", Png).Add("test/d/0.png", Png).Add("test/z/0.png", Png);

        var test = Open(asTar, "test");

        Assert.Equal(["b", "c", "d"], test.ClassNames);
        Assert.Equal([2], test.ClassIds);
        Assert.Equal([new UnknownClass("a", 2), new UnknownClass("z", 1)], test.UnknownClasses);
        Assert.Equal(["b", "c"], test.MissingClasses);
    }

    [Fact]
    public void Open_TestSplitWithoutAKnownClass_NamesBothSides()
    {
        _files.Add("train/b/0.png", Png).Add("test/a/0.png", Png);

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_files.Root, 4, "test"));

        Assert.Equal($"'{_files.Root}', split 'test', has no readable image of a class of 'train': b. It has the classes a.", exception.Message);
    }

    [Fact]
    public void Classes_OfASplit_IncludeEmptyFolders()
    {
        _files.Add("train/b/0.png", Png);
        Directory.CreateDirectory(Path.Combine(_files.Root, "train", "a"));

        Assert.Equal(["a", "b"], ImageDatasetReader.Classes(_files.Root, "train"));
    }

    private ImageDataset Open(bool asTar, string? split = null) => ImageDatasetReader.Open(asTar ? _files.Tar() : _files.Root, 4, split);

    /// <summary>A BMP file of one pixel, 24 bits, no compression.</summary>
    private static byte[] Bitmap(byte red, byte green, byte blue)
    {
        var file = new byte[58];
        "BM"u8.CopyTo(file);
        foreach (var (place, value) in ((int, int)[])[(2, 58), (10, 54), (14, 40), (18, 1), (22, 1), (26, 0x180001), (34, 4)])
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(place), value);
        }

        (file[54], file[55], file[56]) = (blue, green, red);
        return file;
    }

    /// <summary>A GIF file of one pixel with two colours.</summary>
    private static byte[] Gif(byte red, byte green, byte blue) =>
        [.. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, red, green, blue, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B];

    /// <summary>A valid header of an image whose pixels would need gigabytes.</summary>
    private static byte[] HugePng(int width, int height)
    {
        var file = Png.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), Crc(file.AsSpan(12, 17)));
        return file;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
