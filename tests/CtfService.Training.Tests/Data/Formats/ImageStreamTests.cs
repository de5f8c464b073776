using System.Text;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Data.Formats;

/// <summary>WebDatasets that are larger than the memory for images, here 0 bytes, and therefore read as a stream.</summary>
public sealed class ImageStreamTests : IDisposable
{
    private const int Images = 20;

    private static readonly DatasetRequest Request = new(4) { MemoryLimit = 0 };
    private static readonly BatchOptions Options = new() { BatchSize = 4, Seed = 9 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Batches_EachEpoch_HasEveryImageOnceInAnotherOrder(bool isListed)
    {
        var stream = Open(Shards(), isListed);

        int[][] epochs = [.. Read(stream, 0, 2 * Images / 4).Chunk(Images).Select(epoch => epoch.Select(image => image.Red).ToArray())];

        Assert.Equal(isListed, stream.IsCountEstimated);
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, Images), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(Enumerable.Range(0, Images), epochs[0]);
    }

    [Fact]
    public void Batches_Classes_AreThoseOfTheImages()
    {
        var stream = Open(Shards(), isListed: true);

        Assert.Equal(StoredSets.ClassNames, stream.ClassNames);
        Assert.All(Read(stream, 0, 5), image => Assert.Equal(image.Red % 2, image.ClassId));
    }

    [Fact]
    public void Batches_FromAnyStep_AreThoseOfAStreamFromTheStart()
    {
        var augmented = Options with { Augmentation = new() { MaxNoise = 0.2f, HorizontalFlip = true } };
        var path = Shards();
        using var scope = NewDisposeScope();
        using var whole = Open(path, isListed: true).Batches(augmented);
        float[][] expected = [.. Enumerable.Range(0, 14).Select(_ => whole.Next().Pixels.data<float>().ToArray())];

        foreach (var first in (int[])[1, 4, 5, 11, 13]) // also across epochs, which have five batches
        {
            using var resumed = Open(path, isListed: true).Batches(augmented, first);
            for (var step = first; step < expected.Length; step++)
            {
                Assert.Equal(expected[step], resumed.Next().Pixels.data<float>().ToArray());
            }
        }
    }

    [Fact]
    public void Batches_DamagedImages_AreReplacedAndCountedOnceInManyEpochs()
    {
        var path = Shards();
        StoredSets.Tar(Path.Combine(path, "set-000001.tar"),
        [
            ("a.cls", "0"u8.ToArray()), ("a.png", StoredSets.Png(TemporaryImages.Plain(4, 4, 30, 0, 0))[..40]),
            ("b.cls", "0"u8.ToArray()), ("b.jpg", "no image"u8.ToArray()),
            ("c.cls", "0"u8.ToArray()),
            ("d.cls", "7"u8.ToArray()), ("d.png", StoredSets.Png(TemporaryImages.Plain(4, 4, 31, 0, 0))),
            ("e.png", StoredSets.Png(TemporaryImages.Plain(4, 4, 32, 0, 0))),
        ]);
        var stream = Open(path, isListed: true);

        var read = Read(stream, 0, 20);

        Assert.DoesNotContain(read, image => image.Red is 3 or 4 or 5 or > 20);
        Assert.Equal(
            [
                "set-000001.tar/d.png: a label that is not in the list of class names",
                "set-000001.tar/c: a sample without an image",
                "set-000001.tar/a.png: damaged or truncated",
                "set-000001.tar/b.jpg: not an image",
                "set-000001.tar/e.png: without a label, which other images have",
            ],
            stream.Unreadable.Select(skipped => skipped.ToString()));
    }

    [Fact]
    public void Batches_AllImagesOfABatchDamaged_AreReplacedByFollowingOnes()
    {
        var path = Shards();
        for (var shard = 1; shard < 6; shard++)
        {
            StoredSets.Tar(Path.Combine(path, $"set-{shard:D6}.tar"), Enumerable.Range(0, 3).SelectMany(image => new[]
            {
                ($"{image}.cls", "0"u8.ToArray()), ($"{image}.png", "no image"u8.ToArray()),
            }));
        }

        var read = Read(Open(path, isListed: true), 0, 40, Options with { BatchSize = 1 });

        Assert.All(read, image => Assert.True(image.Red is 0 or 1 or 2 or 18 or 19));
    }

    [Fact]
    public void Batches_ShardDamagedInTheMiddle_IsLeftOutByName()
    {
        var path = Shards();
        var shard = Path.Combine(path, "set-000002.tar"); // images 6 to 8
        var bytes = File.ReadAllBytes(shard);
        bytes.AsSpan(2048, 512).Fill(0x55); // the header of the second entry
        File.WriteAllBytes(shard, bytes);
        var stream = Open(path, isListed: true);

        var read = Read(stream, 0, 10);

        Assert.DoesNotContain(read, image => image.Red is 6 or 7 or 8);
        Assert.Equal("set-000002.tar: a damaged tar file, whose images are left out", Assert.Single(stream.Unreadable).ToString());
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("empty")]
    [InlineData("not an uncompressed tar file")]
    public void OpenForTraining_DamagedShard_IsRejectedByName(string damage)
    {
        var path = Shards();
        var shard = Path.Combine(path, "set-000003.tar");
        File.WriteAllBytes(shard, damage switch
        {
            "truncated" => File.ReadAllBytes(shard)[..^3000],
            "empty" => [],
            _ => [0x1f, 0x8b, 8, .. Enumerable.Repeat((byte)7, 4000)],
        });

        var exception = Assert.Throws<DatasetException>(() => Open(path, isListed: true));

        Assert.Contains("has 1 damaged of 7 shards.", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith($": set-000003.tar ({damage}).", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpenForTraining_ShardsWithoutLabels_AreRejectedByName()
    {
        StoredSets.Tar(_folder.File("set/0.tar"), [("a.png", StoredSets.Png(TemporaryImages.Plain(4, 4, 1, 2, 3)))]);

        foreach (var isListed in (bool[])[false, true])
        {
            var exception = Assert.Throws<DatasetException>(() => Open(_folder.File("set"), isListed));
            Assert.Contains("have no labels", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void OpenForTraining_LabelThatIsNotListed_IsRejectedBeforeTheWork()
    {
        var path = Shards();
        StoredSets.WriteFile(Path.Combine(path, "classes.txt"), "red"u8.ToArray());

        var exception = Assert.Throws<DatasetException>(() => ImageDatasetReader.OpenForTraining(path, Request));

        Assert.Contains("class id 1; expected 0 to 0", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batches_JpegAndWebpWithKeysOrJson_FindTheirClasses()
    {
        var image = TemporaryImages.Plain(8, 8, 200, 0, 0);
        StoredSets.Tar(_folder.File("set/0.tar"),
        [
            ("a.jpg", ImageCodec.Encode(image, ImageFormat.Jpeg)), ("a.cls", "n01443537"u8.ToArray()),
            ("b.webp", ImageCodec.Encode(image, ImageFormat.Webp)), ("b.json", """{"label": 1}"""u8.ToArray()),
            ("c.JPEG", ImageCodec.Encode(image, ImageFormat.Jpeg)), ("c.json", """{"class_name": "goldfish"}"""u8.ToArray()),
        ]);
        var names = StoredSets.WriteFile(_folder.File("names.txt"), "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"u8.ToArray());

        var stream = ImageDatasetReader.OpenForTraining(_folder.File("set"), Request with { ClassNames = names });

        Assert.Equal(["tench", "goldfish"], stream.ClassNames);
        Assert.All(Read(stream, 0, 3, Options with { BatchSize = 1 }), read => Assert.Equal(1, read.ClassId));
    }

    [Fact]
    public void Open_TestSplitBesideAListedStream_HasTheListedIds()
    {
        StoredSets.WebDataset(_folder.File("set/train"), StoredSets.Plain(6));
        StoredSets.WebDataset(_folder.File("set/test"), StoredSets.Plain(2));

        var test = ImageDatasetReader.Open(_folder.File("set"), Request with { Split = "test" });

        Assert.True(test.IsStored);
        Assert.Equal(["green", "red"], test.ClassNames.Order(StringComparer.Ordinal));
    }

    private string Shards()
    {
        var path = StoredSets.WebDataset(_folder.File("set"), StoredSets.Plain(Images)); // shards of three images
        File.Delete(Path.Combine(path, "classes.txt"));
        return path;
    }

    private static ImageStream Open(string path, bool isListed)
    {
        if (isListed)
        {
            StoredSets.WriteFile(Path.Combine(path, "classes.txt"), Encoding.UTF8.GetBytes(string.Join('\n', StoredSets.ClassNames)));
        }

        return Assert.IsType<ImageStream>(ImageDatasetReader.OpenForTraining(path, Request));
    }

    private static List<(int Red, int ClassId)> Read(ITrainingImages stream, long firstStep, int steps, BatchOptions? options = null)
    {
        using var scope = NewDisposeScope();
        using var batches = stream.Batches(options ?? Options, firstStep);
        var read = new List<(int, int)>();
        for (var step = 0; step < steps; step++)
        {
            var batch = batches.Next();
            var reds = batch.Pixels[.., 0, 0, 0].contiguous().data<float>().Select(value => (int)Math.Round((value + 1) * 127.5f));
            read.AddRange(reds.Zip(batch.ClassIds.data<long>(), (red, classId) => (red, (int)classId)));
        }

        return read;
    }
}
