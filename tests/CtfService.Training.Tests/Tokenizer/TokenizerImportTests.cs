using CtfService.Core.Models;
using CtfService.Model.Layers;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using CtfService.TestSupport;
using CtfService.Training.Parts;
using CtfService.Training.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Tokenizer;

public sealed class TokenizerImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Golden
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in GoldenModels.TokenizerNames)
            {
                data.Add(name, $"{name}.pt");
                data.Add(name, $"{name}.weights.safetensors");
            }

            return data;
        }
    }

    private string Result => _folder.File(TokenizerTraining.ResultName);

    [Theory]
    [MemberData(nameof(Golden))]
    public void Run_GoldenTokenizer_GivesTheTokensOfTheReference(string name, string file)
    {
        var golden = GoldenModels.TokenizerConfigOf(name);
        var source = new TokenizerSource(GoldenFolder.File(file), NormalizeCodewords: golden.NormalizeCodewords);

        TokenizerImport.Run(source, _folder.Root);

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(Result, config => new VqTokenizer(config));
        using var values = GoldenModels.Values(name);
        var tokens = tokenizer.VqEncode(values.Read("image"));
        Assert.Equal(values.Read("indices").data<long>().ToArray(), tokens.flatten().data<long>().ToArray());
    }

    [Fact]
    public void Run_GoldenTokenizer_RecordsTheFileAndTheImageSize()
    {
        TokenizerImport.Run(new TokenizerSource(GoldenFolder.File("vq-tiny.pt"), ImageSize: 384), _folder.Root);

        var record = PartRecord.Read(Result)!;
        Assert.Equal("vq-tiny.pt", record[PartRecord.ImportedFrom]);
        Assert.Equal(384, record.PixelsOfImages);
        Assert.False(ModelFile.Config<TokenizerConfig>(Result).TracksUsage);
    }

    [Fact]
    public void Run_FolderHoldsATokenizer_ReplacesItOnlyIfToldTo()
    {
        var source = new TokenizerSource(GoldenFolder.File("vq-tiny.pt"));
        TokenizerImport.Run(source, _folder.Root);
        var first = File.ReadAllBytes(Result);
        var other = new TokenizerSource(GoldenFolder.File("vq-tiny2.pt"), NormalizeCodewords: false);

        var refusal = Assert.Throws<CheckpointException>(() => TokenizerImport.Run(other, _folder.Root));
        Assert.Contains("--overwrite", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(first, File.ReadAllBytes(Result));

        TokenizerImport.Run(other with { Overwrite = true }, _folder.Root);
        Assert.NotEqual(first, File.ReadAllBytes(Result));
    }

    [Fact]
    public void Run_FileWithoutATokenizer_SaysWhatWasExpected()
    {
        var error = Assert.Throws<CheckpointException>(() => TokenizerImport.Run(new TokenizerSource(GoldenFolder.File("gpt-tiny.pt")), _folder.Root));

        Assert.Contains("has no VQ tokenizer of the LlamaGen family", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Result));
    }

    [Fact]
    public void Run_ImageSizeThatDoesNotDivide_IsRejectedAndKeepsWhatIsThere()
    {
        var source = new TokenizerSource(GoldenFolder.File("vq-tiny2.pt"), NormalizeCodewords: false);
        TokenizerImport.Run(source, _folder.Root);

        var error = Assert.Throws<ArchitectureException>(() => TokenizerImport.Run(source with { ImageSize = 250, Overwrite = true }, _folder.Root));

        Assert.Contains("--image-size is 250, expected a multiple of 4", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Result));
    }

    public void Dispose() => _folder.Dispose();
}
