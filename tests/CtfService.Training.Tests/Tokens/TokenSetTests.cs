using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Tokenizer;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Tokens;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Tokens;

public sealed class TokenSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly VqTokenizer _tokenizer = TinyTokenizer.Create();

    private string Set => _folder.File("tokens-train");

    [Fact]
    public void Compute_Images_HasTheTokensOfEachAndOfItsMirrorImage()
    {
        var images = TokenSets.Images(70); // a whole block and a part of one

        using var set = TokenSets.Compute(Set, _tokenizer, TokenSets.Of(images));

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Assert.Equal(140, set.ClassIds.Count);
        foreach (var (first, image) in Enumerable.Range(0, 70).Select(image => (image < 64 ? 0 : 128, image)))
        {
            var count = image < 64 ? 64 : 6;
            var place = first + (image % 64);
            var pixels = ImageBatch.Of(images, [image]).Pixels;
            Assert.Equal(_tokenizer.VqEncode(pixels).data<long>().ToArray(), Row(set, place));
            Assert.Equal(_tokenizer.VqEncode(pixels.flip(3)).data<long>().ToArray(), Row(set, place + count));
            Assert.Equal((images.ClassIds[image], images.ClassIds[image]), (set.ClassIds[place], set.ClassIds[place + count]));
        }
    }

    [Theory]
    [InlineData(65_536, "U16")]
    [InlineData(65_537, "I32")]
    public void Shards_TokensOfACodebook_AreStoredInTheSmallestType(int codebookSize, string type)
    {
        using var set = TokenSets.MadeUp(Set, rows: 300, positions: 9, codebookSize, classes: 5);

        using var file = SafetensorsFile.Open(Path.Combine(Set, "tokens-00000.safetensors"));
        Assert.Equal((type, "I32"), (file.StoredTypeOf("tokens"), file.StoredTypeOf("class_ids")));
        Assert.Equal([300, 9], file.Entry("tokens").Shape);
        Assert.All([0, 1, 127, 128, 299], row =>
            Assert.Equal(Enumerable.Range(0, 9).Select(position => TokenSets.TokenAt(row, position, codebookSize)), Row(set, row)));
    }

    [Fact]
    public void Read_SeveralShards_FindsEveryRow()
    {
        const int Rows = 70_000; // a shard has 65,536

        using var set = TokenSets.MadeUp(Set, Rows, positions: 4, codebookSize: 50_000, classes: 7);

        Assert.Equal(2, Directory.GetFiles(Set, "*.safetensors").Length);
        Assert.Equal(Rows, set.ClassIds.Count);
        Assert.All([0, 65_535, 65_536, Rows - 1], row => Assert.Equal(TokenSets.TokenAt(row, 3, 50_000), Row(set, row)[3]));
        Assert.Equal(Enumerable.Range(0, Rows).Select(row => row % 7), set.ClassIds);
    }

    [Fact]
    public void Open_FileOfAnEarlierVersion_IsReadInPlaceOfTheFolder()
    {
        var record = TokenSets.Of(TokenSets.Images(2)).MadeFrom(_tokenizer);
        using (var tokens = tensor([1, 2, 3, 4, 5, 6], [3, 2], int32))
        using (var classIds = tensor([0, 1, 0], int32))
        {
            SafetensorsWriter.Write(
                Set + ".safetensors",
                [("tokens", tokens), ("class_ids", classIds)],
                new Dictionary<string, string>(record.Metadata) { ["class_names"] = """["a","b"]""" });
        }

        using var set = TokenSet.TryOpen(Set, _tokenizer, TokenSets.Of(TokenSets.Images(2)));

        Assert.NotNull(set);
        Assert.Equal(["a", "b"], set.ClassNames);
        Assert.Equal([5, 6], Row(set, 2));
    }

    [Fact]
    public void TryOpen_OtherImages_ReturnsNull()
    {
        TokenSets.Compute(Set, _tokenizer, TokenSets.Of(TokenSets.Images(2))).Dispose();

        Assert.Null(TokenSet.TryOpen(Set, _tokenizer, TokenSets.Of(TokenSets.Images(2), data: "others")));
        Assert.Null(TokenSet.TryOpen(_folder.File("no-such"), _tokenizer, TokenSets.Of(TokenSets.Images(2))));
    }

    [Fact]
    public void TryOpen_TokensOfTenCrops_OpensThemForOtherCrops()
    {
        var images = TokenSets.Of(TokenSets.Images(2));
        TokenSets.Compute(Set, _tokenizer, images with { Crops = ImageCrops.Ten }).Dispose();

        using var set = TokenSet.TryOpen(Set, _tokenizer, images);

        Assert.Equal(20, set?.ClassIds.Count);
        Assert.Equal(ImageCrops.Ten, TokenizedImages.CropsOf(set?.MadeFrom));
    }

    [Theory]
    [InlineData("tokens-00000.safetensors", "tokens-00000.safetensors")]
    [InlineData("index.json", "has no complete tokens. Run 'ctf tokenize'")]
    public void Open_FileIsMissing_IsNamed(string file, string expected)
    {
        TokenSets.MadeUp(Set, rows: 10, positions: 4, codebookSize: 8, classes: 2).Dispose();
        File.Delete(Path.Combine(Set, file));

        var error = Assert.Throws<CheckpointException>(() => TokenSet.Open(Set));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ShardOfAnotherSet_SaysWhatWasExpected()
    {
        TokenSets.MadeUp(Set, rows: 10, positions: 4, codebookSize: 8, classes: 2).Dispose();
        TokenSets.MadeUp(_folder.File("other"), rows: 8, positions: 4, codebookSize: 8, classes: 2).Dispose();
        File.Copy(_folder.File("other/tokens-00000.safetensors"), Path.Combine(Set, "tokens-00000.safetensors"), overwrite: true);

        var error = Assert.Throws<CheckpointException>(() => TokenSet.Open(Set));

        Assert.Contains("has 8 rows of 4 tokens; expected 10 of 4", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not JSON")]
    [InlineData("null")]
    public void Open_DamagedIndex_IsNamed(string content)
    {
        TokenSets.MadeUp(Set, rows: 10, positions: 4, codebookSize: 8, classes: 2).Dispose();
        File.WriteAllText(Path.Combine(Set, "index.json"), content);

        var error = Assert.Throws<CheckpointException>(() => TokenSet.Open(Set));

        Assert.Contains("index.json: is not a list of token shards", error.Message, StringComparison.Ordinal);
        Assert.Contains("'ctf tokenize'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ManyRows_KeepsOnlyClassIdsInMemory()
    {
        const int Rows = 200_000, Positions = 64;
        TokenSets.MadeUp(Set, Rows, Positions, codebookSize: 4096, classes: 10).Dispose();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        using var set = TokenSet.Open(Set);
        var sampler = new BatchSampler(set.ClassIds, new BatchOptions { BatchSize = 256, BalanceClasses = true });
        for (var step = 0; step < 20; step++)
        {
            Assert.Equal(256 * Positions, set.ReadRows([.. sampler.Sample(step).Select(item => item.ImageIndex)]).Tokens.Length);
        }

        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, 0, (12L * Rows) + (1 << 20)); // class id and place in its group; the tokens have 26 MB on disk and 100 MB as integers
        GC.KeepAlive(sampler);
    }

    public void Dispose()
    {
        _tokenizer.Dispose();
        _folder.Dispose();
    }

    private static long[] Row(TokenSet set, int row) => set.ReadRows([row]).Tokens;
}
