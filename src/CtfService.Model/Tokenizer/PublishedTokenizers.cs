namespace CtfService.Model.Tokenizer;

/// <summary>The tokenizers that LlamaGen publishes for class-conditional models, by name.</summary>
public static class PublishedTokenizers
{
    /// <summary>Gets the tokenizers by name; case is ignored.</summary>
    public static IReadOnlyDictionary<string, TokenizerConfig> Configs { get; } =
        new OrderedDictionary<string, TokenizerConfig>(StringComparer.OrdinalIgnoreCase)
        {
            ["VQ-16"] = TokenizerConfig.Vq16,
            ["VQ-8"] = TokenizerConfig.Vq8,
        };
}
