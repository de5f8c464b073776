using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Formats;

public sealed class ImageDatasetReaderTests : IDisposable
{
    private readonly TemporaryImages _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_ClassFolders_OrdersClassesAndImagesByName(bool asTar)
    {
        _files.Add("pear/b.png", TemporaryImages.Plain(4, 4, 1, 2, 3))
            .Add("pear/a.png", TemporaryImages.Plain(4, 4, 4, 5, 6))
            .Add("Zebra/c.png", TemporaryImages.Plain(4, 4, 7, 8, 9));

        var dataset = ImageDatasetReader.Open(asTar ? _files.Tar() : _files.Root, 4);

        Assert.Equal(["Zebra", "pear"], dataset.ClassNames);
        Assert.Equal([0, 1, 1], dataset.ClassIds);
        Assert.Equal([7, 4, 1], dataset.Images.Select(pixels => (int)pixels[0]));
        Assert.Empty(dataset.Skipped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_Split_ReadsOnlyThatSplit(bool asTar)
    {
        _files.Add("train/apple/0.png", TemporaryImages.Plain(2, 2, 1, 1, 1)).Add("test/apple/0.png", TemporaryImages.Plain(2, 2, 2, 2, 2));

        var dataset = ImageDatasetReader.Open(asTar ? _files.Tar() : _files.Root, 2, "test");

        Assert.Equal(2, Assert.Single(dataset.Images)[0]);
    }

    [Fact]
    public void Open_OtherSize_ScalesAndCropsTheCentre()
    {
        var wide = TemporaryImages.Plain(16, 8, 0, 0, 0);
        for (var y = 0; y < 8; y++)
        {
            wide.Pixels.AsSpan(((y * 16) + 4) * 3, 8 * 3).Fill(200);
        }

        _files.Add("apple/0.png", wide);

        var dataset = ImageDatasetReader.Open(_files.Root, 4);

        Assert.Equal(4, dataset.Width);
        Assert.InRange(dataset.Images[0][(4 + 1) * 3], 195, 225); // inside the bright centre (the filter overshoots a little)
    }

    [Fact]
    public void Open_ClassWithoutReadableImage_NamesTheClass()
    {
        _files.Add("apple/0.png", TemporaryImages.Plain(2, 2, 1, 1, 1)).Add("kiwi/1.jpg", [1, 2, 3]);

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_files.Root, 2));

        Assert.Contains("'kiwi'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("kiwi/1.jpg", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_EmptyClassFolder_NamesTheClass()
    {
        _files.Add("apple/0.png", TemporaryImages.Plain(2, 2, 1, 1, 1));
        Directory.CreateDirectory(Path.Combine(_files.Root, "lemon"));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_files.Root, 2));

        Assert.Contains("'lemon'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SplitsWithoutASplitNamed_AsksForOne()
    {
        _files.Add("train/apple/0.png", TemporaryImages.Plain(2, 2, 1, 1, 1));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_files.Root, 2));

        Assert.Contains($"choose one of these folders, such as '{_files.Root}/train'.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_UnknownSplit_ListsTheSplits()
    {
        _files.Add("train/apple/0.png", TemporaryImages.Plain(2, 2, 1, 1, 1));

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(_files.Root, 2, "test"));

        Assert.Contains("train", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoSuchPath_SaysSo() =>
        Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(Path.Combine(_files.Root, "nowhere"), 2));

    [Fact]
    public void Open_FileIsNotATar_SaysSo()
    {
        var path = Path.Combine(_files.Root, "images.zip");
        File.WriteAllBytes(path, [.. Enumerable.Range(0, 2000).Select(value => (byte)(value * 7))]);

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(path, 2));

        Assert.Contains("tar", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithClassNames_OtherTable_MovesTheIds()
    {
        var dataset = TemporaryImages.Dataset(2, 1, 1).WithClassNames(["extra", "class1", "class0"]);

        Assert.Equal([2, 1], dataset.ClassIds);
    }

    [Fact]
    public void WithClassNames_MissingClass_NamesIt()
    {
        var exception = Assert.Throws<DatasetException>(() => TemporaryImages.Dataset(2, 1, 1).WithClassNames(["class0"]));

        Assert.Contains("'class1'", exception.Message, StringComparison.Ordinal);
    }
}
