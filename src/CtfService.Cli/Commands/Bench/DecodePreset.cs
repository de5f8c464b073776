using CtfService.Model.Transformer;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Published sizes of the family (LlamaGen, table 1), and one that takes no time; 16 x 16 cells, 1,000 classes.</summary>
internal static class DecodePreset
{
    private const int Side = 16;
    private const int Classes = 1000;

    private static readonly Dictionary<string, (int Layers, int Width, int Heads)> Sizes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["tiny"] = (6, 192, 6),
        ["B"] = (12, 768, 12),
        ["L"] = (24, 1024, 16),
        ["XL"] = (36, 1280, 20),
    };

    public static IReadOnlyCollection<string> All => Sizes.Keys;

    public static string Names => string.Join(", ", All);

    public static bool Exists(string name) => Sizes.ContainsKey(name);

    public static TransformerConfig Config(string name, int vocabulary) => new()
    {
        Layers = Sizes[name].Layers,
        Width = Sizes[name].Width,
        Heads = Sizes[name].Heads,
        InputVocabulary = vocabulary,
        OutputVocabulary = vocabulary,
        ClassCount = Classes,
        GridHeight = Side,
        GridWidth = Side,
        Causal = true,
    };
}
