using System.Security.Cryptography;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>What an image kept: pixels of the picture that was edited, or details of the image whose layout was given. Equal if all values are.</summary>
public sealed record KeptParts
{
    /// <summary>
    /// Longest text of a mask, in characters of JSON: with it, the metadata of a JPEG fits the 65,533 bytes of one segment. A painted mask takes some hundreds;
    /// only one with tens of thousands of separate spots takes more.
    /// </summary>
    public const int MaxMaskLength = 1 << 15;

    internal const string MaskIsMissing = "its mask is not in the file, because it has too many separate spots; repeat the edit with the mask";

    /// <summary>Length of a SHA-256 in hex.</summary>
    private const int HashLength = 64;

    /// <summary>
    /// SHA-256 in lower-case hex of the picture that was edited: of its R, G and B bytes in raster order, in the model's image size. Null if only details were
    /// kept.
    /// </summary>
    public string? Picture { get; init; }

    /// <summary>Number of grid positions whose tokens were kept.</summary>
    public required int Positions { get; init; }

    /// <summary>
    /// Lengths of the runs in raster order: kept, drawn, kept and so on (<see cref="EditMask.ToRuns"/>). Of pixels if a picture was edited, otherwise of grid
    /// positions. Null if it is longer than <see cref="MaxMaskLength"/>.
    /// </summary>
    public IReadOnlyList<int>? Mask { get; init; }

    /// <summary>The number of candidates of an edit (<see cref="LayoutSource.Edited.Candidates"/>); null for one.</summary>
    public int? Candidates { get; init; }

    /// <summary>Returns the SHA-256 of a picture, as in <see cref="Picture"/>.</summary>
    public static string HashOf(RgbImage picture) => Convert.ToHexStringLower(SHA256.HashData(picture.Pixels));

    /// <summary>Returns what an image with this layout keeps; null if it keeps nothing of another image.</summary>
    /// <exception cref="ArgumentException">The layout does not fit the model.</exception>
    public static KeptParts? Of(ModelDescription model, LayoutSource layout)
    {
        var (width, height) = model.TokenGrid;
        return layout switch
        {
            LayoutSource.Edited edited => Of(edited.Mask.Cells(width, height), edited.Mask) with
            {
                Picture = HashOf(edited.Picture),
                Candidates = edited.Candidates == 1 ? null : edited.Candidates,
            },
            LayoutSource.Given { KeptTokens: { } tokens } => Of([.. tokens.Select(token => token == LayoutSource.NewToken)], width, height),
            _ => null,
        };
    }

    /// <summary>Returns the edit that left these parts.</summary>
    /// <param name="original">The picture that was edited, in the model's image size.</param>
    /// <exception cref="InvalidDataException">The original is not the picture that was edited, or the mask is missing or does not fit it.</exception>
    public LayoutSource.Edited Edit(RgbImage original)
    {
        if (HashOf(original) is var hash && hash != Picture)
        {
            throw new InvalidDataException(
                $"it is an edit of another picture: the original has the hash {hash} in {original.Width}x{original.Height} pixels, expected {Picture}.");
        }

        if (Mask is null)
        {
            throw new InvalidDataException($"{MaskIsMissing}.");
        }

        if (Mask.Sum(run => (long)run) is var pixels && pixels != (long)original.Width * original.Height)
        {
            throw new InvalidDataException($"its mask has {pixels} pixels, but the original has {original.Width}x{original.Height}.");
        }

        var mask = EditMask.FromRuns(original.Width, original.Height, Mask);
        return mask.IsEmpty
            ? throw new InvalidDataException("its mask edits no pixel.")
            : new LayoutSource.Edited(original, mask) { Candidates = Candidates ?? 1 };
    }

    /// <summary>Returns a description of each value that is out of range; empty if all are in range.</summary>
    /// <param name="name">Name of these parts in the messages.</param>
    public IEnumerable<string> Problems(string name)
    {
        if (Picture is not null && (Picture.Length != HashLength || !Picture.All(char.IsAsciiHexDigitLower)))
        {
            yield return $"{name}.picture is '{Picture}', expected a SHA-256 of {HashLength} lower-case hex digits";
        }

        if (Positions < 0)
        {
            yield return $"{name}.positions is {Positions}, expected at least 0";
        }

        if (Candidates is < 1 or > LayoutSource.Edited.MostCandidates)
        {
            yield return $"{name}.candidates is {Candidates}, expected 1 to {LayoutSource.Edited.MostCandidates}";
        }

        if (Mask?.Any(run => run < 0) == true)
        {
            yield return $"{name}.mask has a run of {Mask.Min()}, expected at least 0";
        }
        else if (Mask?.Sum(run => (long)run) > Array.MaxLength)
        {
            yield return $"{name}.mask has {Mask.Sum(run => (long)run)} values, expected at most {Array.MaxLength}";
        }
    }

    public bool Equals(KeptParts? other) =>
        other is not null && (Picture, Positions, Candidates) == (other.Picture, other.Positions, other.Candidates)
        && (Mask is null ? other.Mask is null : other.Mask is not null && Mask.SequenceEqual(other.Mask));

    public override int GetHashCode() => HashCode.Combine(Picture, Positions, Mask?.Count);

    private static KeptParts Of(bool[] drawn, int width, int height) => Of(drawn, new EditMask(width, height, drawn));

    /// <param name="drawn">[T]: true for each position that is drawn.</param>
    private static KeptParts Of(bool[] drawn, EditMask mask)
    {
        var runs = mask.ToRuns();
        return new KeptParts { Positions = drawn.Count(isDrawn => !isDrawn), Mask = LengthOf(runs) <= MaxMaskLength ? runs : null };
    }

    /// <summary>Returns the length of the runs as JSON: digits, and a comma or bracket for each.</summary>
    private static long LengthOf(IReadOnlyList<int> runs) => runs.Sum(run => run == 0 ? 2L : (long)Math.Log10(run) + 2) + 1;
}
