using System.Text.Json;
using CtfService.Model.Checkpoints;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Support;

/// <summary>The reference's tiny models, by the names in configs.json.</summary>
internal static class GoldenModels
{
    private static readonly JsonDocument Configs = JsonDocument.Parse(File.ReadAllText(GoldenFolder.File("configs.json")));

    public static TheoryData<string> TokenizerNames => Names("vq-");

    public static TheoryData<string> TransformerNames => Names("gpt-");

    public static SafetensorsFile Values(string name) => SafetensorsFile.Open(GoldenFolder.File($"{name}.golden.safetensors"));

    public static VqTokenizer Tokenizer(string name)
    {
        var config = Configs.RootElement.GetProperty(name);
        var tokenizer = new VqTokenizer(new TokenizerConfig
        {
            BaseWidth = Int(config, "ch", 128),
            ResidualBlocks = Int(config, "num_res_blocks", 2),
            EncoderMultipliers = Ints(config, "encoder_ch_mult"),
            DecoderMultipliers = Ints(config, "decoder_ch_mult"),
            LatentWidth = Int(config, "z_channels", 256),
            CodebookSize = Int(config, "codebook_size", 16384),
            CodewordWidth = Int(config, "codebook_embed_dim", 8),
            NormalizeCodewords = config.GetProperty("codebook_l2_norm").GetBoolean(),
            TracksUsage = false, // the weights come without the history; it influences no output
            CommitmentWeight = config.GetProperty("commit_loss_beta").GetSingle(),
            EntropyWeight = config.GetProperty("entropy_loss_ratio").GetSingle(),
        });
        using var weights = SafetensorsFile.Open(GoldenFolder.File($"{name}.weights.safetensors"));
        StateDictLoader.Load(tokenizer, weights);
        tokenizer.eval();
        return tokenizer;
    }

    public static ClassConditionalTransformer Transformer(string name)
    {
        var transformer = new ClassConditionalTransformer(TransformerConfigOf(name));
        using var weights = SafetensorsFile.Open(GoldenFolder.File($"{name}.weights.safetensors"));
        StateDictLoader.Load(transformer, weights);
        transformer.eval();
        return transformer;
    }

    public static TransformerConfig TransformerConfigOf(string name)
    {
        var config = Configs.RootElement.GetProperty(name);
        var side = (int)Math.Sqrt(Int(config, "block_size", 256));
        var vocabulary = Int(config, "vocab_size", 16384);
        return new TransformerConfig
        {
            Width = Int(config, "dim", 0),
            Layers = Int(config, "n_layer", 0),
            Heads = Int(config, "n_head", 0),
            InputVocabulary = vocabulary,
            OutputVocabulary = vocabulary,
            ClassCount = Int(config, "num_classes", 1000),
            GridHeight = side,
            GridWidth = side,
            Causal = true,
            FeedForwardMultiple = Int(config, "multiple_of", 256),
            RopeBase = Float(config, "rope_base", 10000),
            NormEpsilon = Float(config, "norm_eps", 1e-5f),
        };
    }

    private static TheoryData<string> Names(string prefix) =>
        [.. Configs.RootElement.EnumerateObject().Select(entry => entry.Name).Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];

    private static int Int(JsonElement config, string name, int otherwise) => config.TryGetProperty(name, out var value) ? value.GetInt32() : otherwise;

    private static float Float(JsonElement config, string name, float otherwise) => config.TryGetProperty(name, out var value) ? value.GetSingle() : otherwise;

    private static int[] Ints(JsonElement config, string name) => [.. config.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];
}
