using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.Training.Data.Formats;

namespace CtfService.Cli.Commands.Generate;

/// <summary>The pictures that edited images may have been made from.</summary>
/// <param name="paths">Their files; empty if the user names none.</param>
internal sealed class OriginalPictures(IReadOnlyList<string> paths)
{
    public const string Option = "--original";

    private readonly Dictionary<(int Width, int Height), List<RgbImage>> _scaled = [];

    /// <summary>Returns the picture that an image was made from, in the model's image size; null if the image is not an edit.</summary>
    /// <param name="file">Generated file with provenance.</param>
    /// <exception cref="InvalidDataException">The image is an edit, and none of the pictures is the one that it was made from.</exception>
    public RgbImage? Find(GeneratedFile file, ModelDescription model)
    {
        if (file.Provenance is not { IsEdit: true, Kept: { } kept })
        {
            return null;
        }

        return Scaled(model.ImageWidth, model.ImageHeight).Find(picture => KeptParts.HashOf(picture) == kept.Picture) ?? throw new InvalidDataException(
            $"{file.Path}: was made from another picture than {string.Join(", ", paths)}: "
            + $"from one whose {model.ImageSize} pixels have the SHA-256 {kept.Picture}. "
            + $"Name that picture with {Option}: the file itself, not a copy that was scaled or saved again.");
    }

    /// <exception cref="InvalidDataException">The image is an edit, and the user names no pictures.</exception>
    public void RequireAnyFor(GeneratedFile file)
    {
        if (file.Provenance is { IsEdit: true } && paths.Count == 0)
        {
            throw new InvalidDataException($"{file.Path}: is an edit of a picture that is not in the file. Name the picture with {Option}.");
        }
    }

    private List<RgbImage> Scaled(int width, int height) => _scaled.TryGetValue((width, height), out var pictures)
        ? pictures
        : _scaled[(width, height)] = [.. paths.SelectMany(path => Readings(path, width, height))];

    /// <summary>Returns the picture as an edit with a mask reads it, then as one without a mask, which fills its transparent part.</summary>
    private static IEnumerable<RgbImage> Readings(string path, int width, int height)
    {
        var file = PictureFile.Read(Option, path, ImageDatasetReader.DefaultMaxPixels);
        RgbaImage picture;
        RgbImage blended;
        try
        {
            blended = ImageCodec.Decode(file.Open());
            picture = ImageCodec.DecodeWithAlpha(file.Open());
        }
        catch (InvalidDataException error)
        {
            throw file.Error(error);
        }

        yield return ImageResizer.Cover(blended, width, height);
        if (picture.HasTransparentPixels())
        {
            yield return ImageResizer.Cover(TransparencyFill.Fill(picture), width, height);
        }
    }
}
