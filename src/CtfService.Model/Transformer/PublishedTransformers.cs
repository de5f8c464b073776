namespace CtfService.Model.Transformer;

/// <summary>
/// The class-conditional transformers that LlamaGen publishes (arXiv 2406.06525, table 1), by name: one causal model over the tokens of VQ-16 or VQ-8.
/// </summary>
public static class PublishedTransformers
{
    /// <summary>K of the published tokenizers.</summary>
    public const int Vocabulary = 16384;

    /// <summary>The number of ImageNet's classes.</summary>
    public const int ClassCount = 1000;

    /// <summary>The sizes by name, from the smallest to the largest.</summary>
    public static IReadOnlyDictionary<string, TransformerSize> Sizes { get; } = new OrderedDictionary<string, TransformerSize>(StringComparer.OrdinalIgnoreCase)
    {
        ["GPT-B"] = new(Width: 768, Layers: 12, Heads: 12),
        ["GPT-L"] = new(Width: 1024, Layers: 24, Heads: 16),
        ["GPT-XL"] = new(Width: 1280, Layers: 36, Heads: 20),
        ["GPT-XXL"] = new(Width: 1536, Layers: 48, Heads: 24),
        ["GPT-3B"] = new(Width: 3200, Layers: 24, Heads: 32),
    };

    /// <param name="name">One of <see cref="Sizes"/>, in any case.</param>
    /// <param name="gridSide">Gh = Gw: the image side divided by the tokenizer's factor, 24 for 384 pixels and VQ-16. No weight depends on it.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static TransformerConfig Config(string name, int gridSide) => Sizes.TryGetValue(name, out var size)
        ? new TransformerConfig
        {
            Width = size.Width,
            Layers = size.Layers,
            Heads = size.Heads,
            InputVocabulary = Vocabulary,
            OutputVocabulary = Vocabulary,
            ClassCount = ClassCount,
            GridHeight = gridSide,
            GridWidth = gridSide,
            Causal = true,
        }
        : throw new ArgumentException($"'{name}' is not a published transformer; expected one of {string.Join(", ", Sizes.Keys)}.", nameof(name));
}
