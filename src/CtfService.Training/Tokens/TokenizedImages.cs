using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;

namespace CtfService.Training.Tokens;

/// <summary>Images to encode, with their identity.</summary>
/// <param name="Data">The <see cref="DataFingerprint"/> of the images.</param>
/// <param name="ImageSize">Side, pixels.</param>
/// <param name="Open">Opens the images; called only if tokens have to be computed.</param>
public sealed record TokenizedImages(string Data, int ImageSize, Func<ImageWalk> Open)
{
    /// <summary>Name of the crops in a record; records of the mirror image alone do not name it, as those of earlier versions.</summary>
    public const string CropsFact = "crops";

    private const string TypeFact = "dtype";
    private const string Bfloat16 = "bfloat16";

    public ImageCrops Crops { get; init; }

    /// <summary>Whether the tokenizer multiplies in bfloat16, which changes some tokens; otherwise in float32.</summary>
    public bool UseBfloat16 { get; init; }

    /// <summary>Returns the images of a split of a data set. Reads their content for the fingerprint, once.</summary>
    /// <param name="classNames">File that lists the class names; null to use those of the set.</param>
    /// <exception cref="DatasetException">The data set or the split does not exist or is damaged.</exception>
    public static TokenizedImages Of(string path, string split, int imageSize, int maxPixels, string? classNames, CancellationToken cancellation) => new(
        DataFingerprint.Of(path, split, maxPixels, classNames, cancellation), imageSize, () => SourceWalk.Open(path, split, maxPixels, classNames));

    /// <summary>Returns these images with the crops and the element type of tokens with a record, so that the rest of them is computed alike.</summary>
    public TokenizedImages Like(PartRecord? record) => this with { Crops = CropsOf(record), UseBfloat16 = record?[TypeFact] == Bfloat16 };

    /// <summary>Returns the crops that tokens with this record have.</summary>
    public static ImageCrops CropsOf(PartRecord? record) =>
        Enum.TryParse<ImageCrops>(record?[CropsFact], ignoreCase: true, out var crops) ? crops : ImageCrops.Mirror;

    /// <summary>Returns the record of the tokens.</summary>
    public PartRecord MadeFrom(VqTokenizer tokenizer) => PartRecord.Of(PartRecord.Data, Data)
        .With(PartRecord.ImageSize, ImageSize)
        .With(PartRecord.Tokenizer, TokenizerIdentity.Of(tokenizer))
        .With(CropsFact, Crops == ImageCrops.Mirror ? null : Crops.ToString())
        .With(TypeFact, UseBfloat16 ? Bfloat16 : null);
}
