using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Cli.Commands.Generate;

/// <summary>One file with all images of a command.</summary>
internal sealed record Sheet(PlannedImage File, int Columns)
{
    /// <summary>Returns the largest side that the format supports, pixels.</summary>
    private static int LongestSide(ImageFormat format) => format switch
    {
        ImageFormat.Webp => 16_383,
        ImageFormat.Jpeg => 65_500,
        _ => int.MaxValue,
    };

    /// <param name="classes">Number of classes in the sheet.</param>
    /// <exception cref="UsageException">The sheet is too large for its format, or could not be reproduced from its provenance.</exception>
    public static Sheet Plan(string path, ModelDescription model, IReadOnlyList<ImageSpecification> images, SheetShape shape, int classes, int quality)
    {
        var isEveryClass = classes == model.Classes.Count && classes > 1;
        if (classes > 1 && !isEveryClass)
        {
            throw new UsageException($"--sheet shows one class or every class, not {classes} of {model.Classes.Count}. Omit --sheet, or name one class.");
        }

        var format = FileEndings.Format(path)!.Value;
        var (width, height) = ContactSheet.Size(images.Count, shape.Columns, model.ImageWidth, model.ImageHeight);
        if (Math.Max(width, height) > LongestSide(format) || width * height > Array.MaxLength / 4)
        {
            throw new UsageException(
                $"--sheet of {images.Count} images in {shape.Columns} columns has {width}x{height} pixels, more than a {FileEndings.Of(format)} file supports. "
                + "Use fewer images, another number of --columns, or .png.");
        }

        return new Sheet(new PlannedImage(path, ImageProvenance.Of(model, images[0]).OnSheet(shape, isEveryClass), format, quality), shape.Columns);
    }
}
