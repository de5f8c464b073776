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

    private const string Prefix = "GPT-";

    /// <summary>The sizes by name, from the smallest to the largest.</summary>
    public static IReadOnlyDictionary<string, TransformerSize> Sizes { get; } = new OrderedDictionary<string, TransformerSize>(StringComparer.OrdinalIgnoreCase)
    {
        ["GPT-B"] = Size(width: 768, layers: 12, heads: 12),
        ["GPT-L"] = Size(width: 1024, layers: 24, heads: 16),
        ["GPT-XL"] = Size(width: 1280, layers: 36, heads: 20),
        ["GPT-XXL"] = Size(width: 1536, layers: 48, heads: 24),
        ["GPT-3B"] = Size(width: 3200, layers: 24, heads: 32),
    };

    /// <summary>The names without the prefix that all share: B, L, XL, XXL, 3B.</summary>
    public static IReadOnlyList<string> ShortNames { get; } = [.. Sizes.Keys.Select(name => name[Prefix.Length..])];

    /// <summary>Returns the size of a name, with or without the prefix, in any case; null if it is unknown.</summary>
    public static TransformerSize? Find(string name) => Sizes.GetValueOrDefault(name) ?? Sizes.GetValueOrDefault(Prefix + name);

    /// <summary>Returns the short name of a size; null if it is not published.</summary>
    public static string? ShortNameOf(TransformerSize size) => Sizes.FirstOrDefault(known => known.Value == size).Key?[Prefix.Length..];

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
            FeedForwardMultiple = size.FeedForwardMultiple,
        }
        : throw new ArgumentException($"'{name}' is not a published transformer; expected one of {string.Join(", ", Sizes.Keys)}.", nameof(name));

    private static TransformerSize Size(int width, int layers, int heads) => new(width, layers, heads) { FeedForwardMultiple = 256 };
}
