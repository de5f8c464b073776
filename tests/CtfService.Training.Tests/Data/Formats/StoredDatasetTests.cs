using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Data.Formats;

/// <summary>Sets that are larger than the memory for images, here 0 bytes: their images stay on disk.</summary>
public sealed class StoredDatasetTests : IDisposable
{
    private static readonly DatasetRequest InMemory = new(4);
    private static readonly DatasetRequest OnDisk = new(4) { MemoryLimit = 0 };

    private static readonly BatchOptions Options = new()
    {
        BatchSize = 5,
        Seed = 3,
        BalanceClasses = true,
        Augmentation = new() { HorizontalFlip = true, MaxShift = 1, MaxNoise = 0.1f },
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("folders")]
    [InlineData("tar")]
    [InlineData("metadata")]
    [InlineData("shards")]
    public void Batches_ImagesOnDisk_AreThoseOfImagesInMemoryToTheBit(string format)
    {
        var path = Write(format, StoredSets.Plain(11, side: 7)); // of another size, so that they are resized
        var (memory, disk) = (ImageDatasetReader.Open(path, InMemory), ImageDatasetReader.Open(path, OnDisk));
        using var expected = memory.Batches(Options);
        using var actual = disk.Batches(Options);

        Assert.False(memory.IsStored);
        Assert.True(disk.IsStored);
        Assert.Equal(memory.ClassIds, disk.ClassIds);
        for (var step = 0; step < 9; step++)
        {
            using var scope = NewDisposeScope();
            var (one, other) = (expected.Next(), actual.Next());
            Assert.Equal(one.Pixels.data<float>().ToArray(), other.Pixels.data<float>().ToArray());
            Assert.Equal(one.ClassIds.data<long>().ToArray(), other.ClassIds.data<long>().ToArray());
        }
    }

    [Fact]
    public void OpenForTraining_SetWithinTheLimit_StaysInMemory() =>
        Assert.False(Assert.IsType<ImageDataset>(ImageDatasetReader.OpenForTraining(Write("shards", StoredSets.Plain(4)), InMemory)).IsStored);

    [Fact]
    public void Open_UnreadableImages_AreReplacedByTheNextOfTheirClassAndCountedOnce()
    {
        var path = Write("folders", StoredSets.Plain(8)); // red: 0, 2, 4, 6
        Damage(path, 2);
        Damage(path, 4);
        var disk = ImageDatasetReader.Open(path, OnDisk);

        var reds = Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, disk.Count).Where(image => disk.ClassNames[disk.ClassIds[image]] == "red")
            .Select(image => (int)disk.Images[image][0]).ToArray()).ToArray();

        Assert.All(reds, red => Assert.Equal([0, 6, 6, 6], red));
        Assert.Equal("red/000002.png, red/000004.png: damaged or truncated", Assert.Single(disk.Unreadable).ToString());
        Assert.Empty(disk.Skipped);
    }

    [Fact]
    public void Images_FileThatWasDeletedAfterOpening_IsReplacedAndCounted()
    {
        var path = Write("folders", StoredSets.Plain(6));
        var disk = ImageDatasetReader.Open(path, OnDisk);
        File.Delete(Path.Combine(path, "red", "000000.png"));

        var image = disk.Images[disk.ClassIds.ToList().IndexOf(1)];

        Assert.Equal(2, image[0]);
        Assert.Equal("red/000000.png: cannot be read", Assert.Single(disk.Unreadable).ToString());
    }

    [Fact]
    public void Open_ClassWithoutReadableImage_IsRejectedBeforeTheWork()
    {
        var path = Write("folders", StoredSets.Plain(6));
        Damage(path, 1);
        Damage(path, 3);
        Damage(path, 5);

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(path, OnDisk));

        Assert.Contains("Class 'green' of ", exception.Message, StringComparison.Ordinal);
        Assert.Contains("000001.png", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_ClassThatWasDeletedAfterOpening_NamesTheImage()
    {
        var path = Write("folders", StoredSets.Plain(4));
        var disk = ImageDatasetReader.Open(path, OnDisk);
        Directory.Delete(Path.Combine(path, "red"), recursive: true);
        using var batches = disk.Batches(Options);

        var exception = Assert.Throws<DatasetException>(batches.Next);

        Assert.Contains("cannot be read, nor can any other image of its class", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("folders")]
    [InlineData("shards")]
    public void Batches_ManyEpochs_NeedNoMoreMemory(string format)
    {
        var path = Write(format, StoredSets.Plain(40));
        using var batches = ImageDatasetReader.OpenForTraining(path, OnDisk).Batches(Options with { BatchSize = 20 });
        void Read(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                batches.Next().Dispose();
            }
        }

        Read(20);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Read(400);

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 200_000);
    }

    [Fact]
    public void Select_ImagesOnDisk_StayThere()
    {
        var disk = ImageDatasetReader.Open(Write("folders", StoredSets.Plain(6)), OnDisk);

        var some = disk.Select([5, 0]);

        Assert.True(some.IsStored);
        Assert.Equal([disk.Images[5][0], disk.Images[0][0]], some.Images.Select(image => image[0]));
        Assert.Equal([disk.ClassIds[5], disk.ClassIds[0]], some.ClassIds);
        Assert.NotEqual(disk.Stored!.Identity(), some.Stored!.Identity());
    }

    [Fact]
    public void Open_TestSplitOnDisk_HasTheIdsOfTraining()
    {
        StoredSets.ClassFolders(_folder.File("set/train"), StoredSets.Plain(4));
        StoredSets.WriteFile(_folder.File("set/test/red/0.png"), StoredSets.Png(TemporaryImages.Plain(4, 4, 9, 0, 0)));
        StoredSets.WriteFile(_folder.File("set/test/blue/0.png"), StoredSets.Png(TemporaryImages.Plain(4, 4, 8, 0, 0)));

        var test = ImageDatasetReader.Open(_folder.File("set"), OnDisk with { Split = "test" });

        Assert.Equal(["green", "red"], test.ClassNames);
        Assert.Equal([1], test.ClassIds);
        Assert.Equal(new UnknownClass("blue", 1), Assert.Single(test.UnknownClasses));
    }

    [Fact]
    public void Open_UnlabelledSet_IsAcceptedIfAskedFor()
    {
        StoredSets.Tar(_folder.File("set/0.tar"), [("a.png", StoredSets.Png(TemporaryImages.Plain(4, 4, 1, 2, 3)))]);

        var disk = ImageDatasetReader.Open(_folder.File("set"), OnDisk with { AcceptUnlabelled = true });

        Assert.False(disk.IsLabelled);
        Assert.Equal(1, Assert.Single(disk.Images)[0]);
    }

    private string Write(string format, IReadOnlyList<Sample> samples)
    {
        switch (format)
        {
            case "folders":
                return StoredSets.ClassFolders(_folder.File("set"), samples);
            case "metadata":
                return StoredSets.MetadataFolder(_folder.File("set"), samples);
            case "shards":
                return StoredSets.WebDataset(_folder.File("set"), samples);
            default:
                return StoredSets.Tar(_folder.File("set.tar"), samples.Index().Select(entry =>
                    ($"{StoredSets.ClassNames[entry.Item.ClassId]}/{entry.Index}.png", StoredSets.Png(entry.Item.Image))));
        }
    }

    private static void Damage(string folder, int image)
    {
        var path = Path.Combine(folder, StoredSets.ClassNames[image % 2], StoredSets.Key(image) + ".png");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..40]);
    }
}
