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

    public ImageCrops Crops { get; init; }

    /// <summary>Returns the crops that tokens with this record have.</summary>
    public static ImageCrops CropsOf(PartRecord? record) =>
        Enum.TryParse<ImageCrops>(record?[CropsFact], ignoreCase: true, out var crops) ? crops : ImageCrops.Mirror;

    /// <summary>Returns the record of the tokens.</summary>
    public PartRecord MadeFrom(VqTokenizer tokenizer) => PartRecord.Of(PartRecord.Data, Data)
        .With(PartRecord.ImageSize, ImageSize)
        .With(PartRecord.Tokenizer, TokenizerIdentity.Of(tokenizer))
        .With(CropsFact, Crops == ImageCrops.Mirror ? null : Crops.ToString());
}
