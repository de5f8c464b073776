using System.Text.Json.Serialization;
using CtfService.Model.Layers;

namespace CtfService.Model.Transformer;

/// <summary>The size of a transformer; the rest of its <see cref="TransformerConfig"/> follows from the data.</summary>
/// <param name="Width">D, a multiple of 4 * heads.</param>
/// <param name="Layers">Number of blocks.</param>
/// <param name="Heads">H.</param>
[JsonConverter(typeof(TransformerSizeConverter))]
public sealed record TransformerSize(int Width, int Layers, int Heads)
{
    /// <summary>The multiple of sizes that are not published.</summary>
    public const int UsualMultiple = 64;

    /// <summary>The two-dimensional rotary embedding rotates pairs of numbers by row and by column.</summary>
    private const long HeadMultiple = 4;

    /// <summary>The feed-forward width is rounded up to a multiple of this value; 256 in the published sizes.</summary>
    public int FeedForwardMultiple { get; init; } = UsualMultiple;

    /// <summary>Returns one sentence for each invalid value; empty if the size is valid.</summary>
    /// <inheritdoc cref="TransformerConfig.Problems"/>
    public IEnumerable<string> Problems(Func<string, string> nameOf)
    {
        string?[] problems =
        [
            ArchitectureRanges.Problem(nameOf("width"), Width, ArchitectureRanges.Width),
            ArchitectureRanges.Problem(nameOf("layers"), Layers, ArchitectureRanges.Layers),
            ArchitectureRanges.Problem(nameOf("heads"), Heads, ArchitectureRanges.Width),
            ArchitectureRanges.Problem(nameOf("feed_forward_multiple"), FeedForwardMultiple, ArchitectureRanges.Width),
        ];
        var unit = HeadMultiple * Heads;
        var isWhole = Heads < 1 || Width % unit == 0;
        return problems.OfType<string>().Concat(isWhole
            ? []
            : [
                $"{nameOf("width")} is {Width} and {nameOf("heads")} is {Heads}, expected a width that is a multiple of {HeadMultiple} times the heads, "
                    + $"such as {ArchitectureRanges.Multiples(Width, unit)}",
            ]);
    }
}
