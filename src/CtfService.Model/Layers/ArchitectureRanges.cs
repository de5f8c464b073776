using CtfService.Core.Generation;

namespace CtfService.Model.Layers;

/// <summary>
/// The ranges of the sizes of tokenizers and transformers: far above every known model, and low enough that no product of sizes overflows and no malformed
/// file makes the loader allocate without limit.
/// </summary>
public static class ArchitectureRanges
{
    /// <summary>Channels of the residual stream, of the latents and of a codeword; attention heads.</summary>
    public static NumberRange<int> Width { get; } = NumberRange.Between(1, 1 << 16);

    /// <summary>Channels inside a transformer's feed-forward layer.</summary>
    public static NumberRange<int> FeedForwardWidth { get; } = NumberRange.Between(1, 1 << 18);

    /// <summary>Codewords, clusters and labels.</summary>
    public static NumberRange<int> Vocabulary { get; } = NumberRange.Between(1, 1 << 24);

    /// <summary>Transformer blocks, or residual blocks of a level of a tokenizer.</summary>
    public static NumberRange<int> Layers { get; } = NumberRange.Between(1, 1000);

    /// <summary>Levels of a tokenizer.</summary>
    public static NumberRange<int> Levels { get; } = NumberRange.Between(1, 16);

    /// <summary>Width of a tokenizer's level, as a multiple of its base width.</summary>
    public static NumberRange<int> Multiplier { get; } = NumberRange.Between(1, 256);

    /// <summary>Side of the pixel blocks that a tokenizer folds into channels.</summary>
    public static NumberRange<int> PatchSize { get; } = NumberRange.Between(1, 256);

    /// <summary>Side of the token grid.</summary>
    public static NumberRange<int> GridSide { get; } = NumberRange.Between(1, 1024);

    /// <summary>Side of an image in pixels.</summary>
    public static NumberRange<int> ImageSide { get; } = NumberRange.Between(1, 1 << 14);

    /// <summary>Class labels.</summary>
    public static NumberRange<int> Classes { get; } = NumberRange.Between(1, 1 << 20);

    /// <summary>Returns what is wrong with a value, or null if it is in the range.</summary>
    internal static string? Problem(string name, int value, NumberRange<int> range) =>
        range.Contains(value) ? null : $"{name} is {value}, expected {range}";

    /// <summary>Returns the multiples of a number next to a value, for an error message.</summary>
    internal static string Multiples(int value, long of)
    {
        var below = value / of * of;
        return below == 0 ? $"{of}" : $"{below} or {below + of}";
    }
}
