using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using CtfService.Training.Tokens;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Tokens;

public sealed class TokenizationTests : IDisposable
{
    private const int Images = 64 * 4 + 9;

    private readonly TemporaryFolder _folder = new();
    private readonly VqTokenizer _tokenizer = TinyTokenizer.Create();
    private readonly TokenizedImages _images = TokenSets.Of(TokenSets.Images(Images));

    private string Set => _folder.File("tokens-train");

    [Fact]
    public void Run_CancelledAfterEachBlock_EndsWithTheSameFiles()
    {
        TokenSets.Compute(_folder.File("whole"), _tokenizer, _images).Dispose();

        var starts = 0;
        while (!TokenSet.Exists(Set))
        {
            using var stop = new CancellationTokenSource();
            starts++;
            try
            {
                Tokenization.Run(Set, _tokenizer, _images, new Stopping(stop), stop.Token);
            }
            catch (WorkStoppedException stopped)
            {
                Assert.Contains($" of {Images} images; their tokens are in ", stopped.Message, StringComparison.Ordinal);
            }
        }

        Assert.Equal(5, starts);
        Assert.Equal(Contents(_folder.File("whole")), Contents(Set));
    }

    [Fact]
    public void Run_JournalCutOffAnywhere_EndsWithTheSameFiles()
    {
        TokenSets.Compute(_folder.File("whole"), _tokenizer, _images).Dispose();
        var random = new Random(5);
        for (var kill = 0; kill < 6; kill++)
        {
            Interrupt(afterBlocks: 1 + (kill % 3));
            var journal = Path.Combine(Set, "tokens-00000.part");
            using (var file = new FileStream(journal, FileMode.Open))
            {
                file.SetLength(random.NextInt64(file.Length + 1));
            }

            TokenSets.Compute(Set, _tokenizer, _images).Dispose();

            Assert.Equal(Contents(_folder.File("whole")), Contents(Set));
            Directory.Delete(Set, recursive: true);
        }
    }

    [Fact]
    public void Run_JournalWithABlockOfZeros_ComputesItAgain()
    {
        TokenSets.Compute(_folder.File("whole"), _tokenizer, _images).Dispose();
        Interrupt(afterBlocks: 2);
        var journal = Path.Combine(Set, "tokens-00000.part");
        var bytes = File.ReadAllBytes(journal);
        bytes.AsSpan(bytes.Length * 3 / 4).Clear(); // as after a power failure
        File.WriteAllBytes(journal, bytes);

        TokenSets.Compute(Set, _tokenizer, _images).Dispose();

        Assert.Equal(Contents(_folder.File("whole")), Contents(Set));
    }

    [Fact]
    public void Complete_KilledBeforeTheJournalIsDeleted_ContinuesAfterTheShard()
    {
        const int Rows = 65_536;
        TokenSets.MadeUp(_folder.File("whole"), Rows + 100, positions: 2, codebookSize: 9, classes: 2).Dispose();
        TokenSets.MadeUp(Set, Rows + 100, positions: 2, codebookSize: 9, classes: 2).Dispose();
        File.Delete(Path.Combine(Set, "index.json"));
        File.Delete(Path.Combine(Set, "tokens-00001.safetensors"));
        File.WriteAllBytes(Path.Combine(Set, "tokens-00000.part"), [1, 2, 3]);
        var index = TokenSetIndex.Start(PartRecord.Empty, ["class 0", "class 1"], new TokenLayout(2, 9, CropCount: 2));

        index.WriteStarted(Set);

        using var writer = TokenSetWriter.Open(Set, index);

        Assert.Equal(Rows / 2, writer.Next);
        Assert.False(File.Exists(Path.Combine(Set, "tokens-00000.part")));
    }

    [Fact]
    public void Run_ShardsOfUnknownOrigin_AreRejected()
    {
        TokenSets.Compute(Set, _tokenizer, _images).Dispose();
        File.Delete(Path.Combine(Set, "index.json"));

        var error = Assert.Throws<CheckpointException>(() => TokenSets.Compute(Set, _tokenizer, _images));

        Assert.Contains("has shards, but neither started.json nor index.json says", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_CompleteSet_ComputesNothing()
    {
        TokenSets.Compute(Set, _tokenizer, _images).Dispose();

        Tokenization.Run(
            Set, _tokenizer, _images with { Open = () => throw new InvalidOperationException("opened") }, NoProgress.Instance, CancellationToken.None);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Run_FolderHoldsTokensOfOtherInputs_IsRejectedAndKept(bool isComplete)
    {
        Interrupt(afterBlocks: 1);
        if (isComplete)
        {
            TokenSets.Compute(Set, _tokenizer, _images).Dispose();
        }

        var before = Contents(Set);

        var others = Assert.Throws<CheckpointException>(() => TokenSets.Compute(Set, _tokenizer, _images with { Data = "others" }));
        var crops = Assert.Throws<CheckpointException>(() => TokenSets.Compute(Set, _tokenizer, _images with { Crops = ImageCrops.Ten }));

        Assert.Contains("data: made up in the file, others now", others.Message, StringComparison.Ordinal);
        Assert.Contains("'ctf tokenize --overwrite'", others.Message, StringComparison.Ordinal);
        Assert.Contains("crops: unknown in the file, Ten now", crops.Message, StringComparison.Ordinal);
        Assert.Equal(before, Contents(Set));
    }

    [Fact]
    public void Run_NoImageCanBeRead_IsRejected() => Assert.Contains(
        "No image of 'class 0'",
        Assert.Throws<DatasetException>(() => TokenSets.Compute(Set, _tokenizer, TokenSets.Of(TokenSets.Images(0)))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Append_ShardCannotBeWritten_IsWrittenWhenTheSetIsContinued()
    {
        const int Rows = (1 << 16) + 128; // a whole shard and a block
        void Write(string folder) => TokenSets.MadeUp(folder, Rows, positions: 1, codebookSize: 16, classes: 2).Dispose();
        Write(_folder.File("whole"));
        var inTheWay = Directory.CreateDirectory(Path.Combine(Set, "tokens-00000.safetensors"));

        Assert.ThrowsAny<SystemException>(() => Write(Set));
        inTheWay.Delete();
        Write(Set);

        Assert.Equal(Contents(_folder.File("whole")), Contents(Set));
    }

    [Fact]
    public void Run_OtherElementType_IsRejectedAndIsThatOfTheRestByItself()
    {
        Interrupt(afterBlocks: 1);

        var other = Assert.Throws<CheckpointException>(() => TokenSets.Compute(Set, _tokenizer, _images with { UseBfloat16 = true }));

        Assert.Contains("dtype: unknown in the file, bfloat16 now", other.Message, StringComparison.Ordinal);
        var rounded = _images with { UseBfloat16 = true };
        Assert.Equal(rounded, _images.Like(rounded.MadeFrom(_tokenizer)));
        Assert.Equal(_images, rounded.Like(_images.MadeFrom(_tokenizer)));
    }

    [Fact]
    public void TenCrops_OfAnImage_AreThoseOfTorchvision()
    {
        using var scope = NewDisposeScope();
        var images = arange(17 * 17, float32).reshape(1, 1, 17, 17).expand(1, 3, 17, 17); // 16 * 1.1, truncated

        Assert.Equal(17, ImageCrops.Ten.SourceSide(16));
        Assert.Equal((281, 422), (ImageCrops.Ten.SourceSide(256), ImageCrops.Ten.SourceSide(384)));
        var corners = Enumerable.Range(0, 10).Select(crop => ImageCrops.Ten.Of(images, crop, 16)[0, 0, 0, 0].item<float>());
        Assert.Equal([0, 1, 17, 18, 0, 16, 15, 33, 32, 16], corners); // the margin is 1: the centre starts at 0, which is 0.5 rounded to even
    }

    [Fact]
    public void MirrorCrops_OfAnImage_AreTheImageAndItsMirrorImage()
    {
        using var scope = NewDisposeScope();
        var images = arange(16, float32).reshape(1, 1, 4, 4).expand(1, 3, 4, 4);

        Assert.Equal([0, 3], new[] { 0, 1 }.Select(crop => ImageCrops.Mirror.Of(images, crop, 4)[0, 0, 0, 0].item<float>()));
    }

    public void Dispose()
    {
        _tokenizer.Dispose();
        _folder.Dispose();
    }

    private static Dictionary<string, string> Contents(string folder) =>
        Directory.GetFiles(folder).ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(File.ReadAllBytes(file)));

    private void Interrupt(int afterBlocks)
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<WorkStoppedException>(() => Tokenization.Run(Set, _tokenizer, _images, new Stopping(stop, afterBlocks), stop.Token));
    }

    /// <summary>Stops the work after some blocks.</summary>
    private sealed class Stopping(CancellationTokenSource stop, int blocks = 1) : ITrainingProgress
    {
        private int _left = blocks;

        public void Report(TrainingReport report)
        {
            if (--_left == 0)
            {
                stop.Cancel();
            }
        }
    }
}
