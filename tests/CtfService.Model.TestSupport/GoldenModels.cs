using System.Text.Json;
using CtfService.Model.Checkpoints;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.TestSupport;

/// <summary>The reference's tiny models, by the names in configs.json: <c>gpt-...</c> are transformers, <c>vq-...</c> tokenizers.</summary>
public static class GoldenModels
{
    private static readonly JsonDocument Configs = JsonDocument.Parse(File.ReadAllText(GoldenFolder.File("configs.json")));

    public static IReadOnlyList<string> TokenizerNames => Names("vq-");

    public static IReadOnlyList<string> TransformerNames => Names("gpt-");

    /// <summary>The architecture of the model in the <c>pt/wrap-*</c> files.</summary>
    public static TransformerConfig WrappedConfig =>
        TransformerConfigOf(Configs.RootElement.EnumerateObject().Single(entry => entry.Name.Contains("pt/wrap-", StringComparison.Ordinal)).Name);

    /// <param name="table">The kind of values: <c>golden</c> or <c>train</c>.</param>
    public static string PathOf(string name, string table) => GoldenFolder.File($"{name}.{table}.safetensors");

    public static SafetensorsFile Values(string name, string table = "golden") => SafetensorsFile.Open(PathOf(name, table));

    /// <summary>Loads a tokenizer in evaluation mode, with its usage history if the model tracks it, which only the PyTorch file contains.</summary>
    public static VqTokenizer Tokenizer(string name)
    {
        var config = TokenizerConfigOf(name);
        return Load(config.TracksUsage ? GoldenFolder.File($"{name}.pt") : PathOf(name, "weights"), () => new VqTokenizer(config));
    }

    /// <summary>Loads a transformer in evaluation mode, without dropout.</summary>
    public static ClassConditionalTransformer Transformer(string name) =>
        Load(PathOf(name, "weights"), () => new ClassConditionalTransformer(TransformerConfigOf(name)));

    public static TokenizerConfig TokenizerConfigOf(string name)
    {
        var config = Configs.RootElement.GetProperty(name);
        return new TokenizerConfig
        {
            BaseWidth = Int(config, "ch", 128),
            ResidualBlocks = Int(config, "num_res_blocks", 2),
            EncoderMultipliers = Ints(config, "encoder_ch_mult"),
            DecoderMultipliers = Ints(config, "decoder_ch_mult"),
            LatentWidth = Int(config, "z_channels", 256),
            CodebookSize = Int(config, "codebook_size", 16384),
            CodewordWidth = Int(config, "codebook_embed_dim", 8),
            NormalizeCodewords = Bool(config, "codebook_l2_norm", true),
            TracksUsage = Bool(config, "codebook_show_usage", true),
            CommitmentWeight = Float(config, "commit_loss_beta", 0.25f),
            EntropyWeight = Float(config, "entropy_loss_ratio", 0),
        };
    }

    public static TransformerConfig TransformerConfigOf(string name)
    {
        var config = Configs.RootElement.GetProperty(name);
        var side = (int)Math.Sqrt(Int(config, "block_size", 256));
        var vocabulary = Int(config, "vocab_size", 16384);
        return new TransformerConfig
        {
            Width = Int(config, "dim", 4096),
            Layers = Int(config, "n_layer", 32),
            Heads = Int(config, "n_head", 32),
            InputVocabulary = vocabulary,
            OutputVocabulary = vocabulary,
            ClassCount = Int(config, "num_classes", 1000),
            GridHeight = side,
            GridWidth = side,
            Causal = true,
            FeedForwardMultiple = Int(config, "multiple_of", 256),
            GivenFeedForwardWidth = FeedForwardWidth(config),
            RopeBase = Float(config, "rope_base", 10000),
            NormEpsilon = Float(config, "norm_eps", 1e-5f),
            Dropout = 0,
        };
    }

    /// <summary>Returns the width by the reference's rule with a multiplier; null if the model has no multiplier.</summary>
    private static int? FeedForwardWidth(JsonElement config)
    {
        if (!config.TryGetProperty("ffn_dim_multiplier", out var multiplier) || multiplier.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var multiple = Int(config, "multiple_of", 256);
        var width = (int)(multiplier.GetDouble() * (2 * 4 * Int(config, "dim", 4096) / 3));
        return (width + multiple - 1) / multiple * multiple;
    }

    private static TModule Load<TModule>(string path, Func<TModule> build)
        where TModule : nn.Module
    {
        using var fresh = new ParameterScope(initialise: false);
        using var weights = CheckpointFile.Open(path);
        var module = build();
        StateDictLoader.Load(module, weights);
        module.eval();
        return module;
    }

    private static string[] Names(string prefix) =>
        [.. Configs.RootElement.EnumerateObject().Select(entry => entry.Name).Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];

    private static int Int(JsonElement config, string name, int otherwise) => config.TryGetProperty(name, out var value) ? value.GetInt32() : otherwise;

    private static float Float(JsonElement config, string name, float otherwise) => config.TryGetProperty(name, out var value) ? value.GetSingle() : otherwise;

    private static bool Bool(JsonElement config, string name, bool otherwise) => config.TryGetProperty(name, out var value) ? value.GetBoolean() : otherwise;

    private static int[] Ints(JsonElement config, string name) => [.. config.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];
}
