using CtfService.Core.Classes;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>
/// Origin of an image file: everything that determines its bytes, and no time or place. Written into every generated file; sufficient to generate a drawn
/// image again.
/// </summary>
public sealed record ImageProvenance
{
    /// <summary>Name and version of this program.</summary>
    public static string ThisSoftware { get; } = $"CtfService {typeof(ImageProvenance).Assembly.GetName().Version?.ToString(fieldCount: 3)}";

    /// <summary>Name and version of the program that made the file.</summary>
    public required string Software { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <inheritdoc cref="ModelDescription.BundleHash"/>
    public required string BundleHash { get; init; }

    /// <inheritdoc cref="ModelDescription.Device"/>
    public string? Device { get; init; }

    /// <inheritdoc cref="ModelDescription.Dtype"/>
    public string? Dtype { get; init; }

    /// <summary>The class drawn. Null if the image has no class, and on a contact sheet of all classes of the model.</summary>
    public int? ClassId { get; init; }

    /// <summary>Name of the class.</summary>
    public string? ClassLabel { get; init; }

    /// <summary>Seed of the image; on a contact sheet, of the request (see <see cref="ImageSeed"/>).</summary>
    public required ulong Seed { get; init; }

    /// <summary>Origin of the coarse labels.</summary>
    public LayoutOrigin Layout { get; init; } = LayoutOrigin.Drawn;

    /// <summary>Sampling of the coarse labels; null if they were not drawn.</summary>
    public SamplingSettings? Coarse { get; init; }

    /// <summary>Sampling of the fine labels; null without a fine stage.</summary>
    public SamplingSettings? Fine { get; init; }

    /// <summary>Shape of the contact sheet; null if the file contains a single image.</summary>
    public SheetShape? Sheet { get; init; }

    /// <summary>Number of the preview; null for a finished image.</summary>
    public int? Preview { get; init; }

    /// <summary>Quality of JPEG and WebP, 0 to 100; null for PNG, which is lossless.</summary>
    public int? Quality { get; init; }

    /// <summary>True if the model and the file suffice to generate the image again.</summary>
    public bool IsReproducible => Layout == LayoutOrigin.Drawn && Preview is null;

    /// <summary>Returns the provenance of one image of a loaded model.</summary>
    public static ImageProvenance Of(ModelDescription model, ImageSpecification image)
    {
        var layout = Origin(image.Layout);
        var label = model.Classes.Find(image.ClassId);
        return new ImageProvenance
        {
            Software = ThisSoftware,
            Model = model.Name,
            BundleHash = model.BundleHash,
            Device = model.Device,
            Dtype = model.Dtype,
            ClassId = label?.Id,
            ClassLabel = label?.Name,
            Seed = image.Seed,
            Layout = layout,
            Coarse = layout == LayoutOrigin.Drawn ? image.Coarse : null,
            Fine = model.HasFineStage ? image.Fine : null,
        };
    }

    /// <summary>Returns the provenance of the contact sheet that starts with this image.</summary>
    /// <param name="everyClass">True if the sheet shows every class of the model in turn.</param>
    public ImageProvenance OnSheet(SheetShape sheet, bool everyClass = false) => this with
    {
        Sheet = sheet,
        ClassId = everyClass ? null : ClassId,
        ClassLabel = everyClass ? null : ClassLabel,
    };

    /// <summary>Returns the specifications that generate the image, or the images of the contact sheet in order, again.</summary>
    /// <exception cref="InvalidDataException">The image is not reproducible, or the model does not have its class.</exception>
    public IReadOnlyList<ImageSpecification> Specifications(ModelDescription model)
    {
        if (!IsReproducible || Coarse is null)
        {
            throw new InvalidDataException(
                "it is a preview, or its layout came from outside the model and is not in the file; "
                + "only finished images that the model drew can be reproduced.");
        }

        return [.. Classes(model).SelectMany(label => Enumerable.Range(0, Sheet?.ImagesPerClass ?? 1)
            .Select(i => new ImageSpecification(label.Id, ImageSeed.Derive(Seed, i), Coarse, Fine ?? model.DefaultFine)))];
    }

    private static LayoutOrigin Origin(LayoutSource layout) => layout switch
    {
        LayoutSource.Given => LayoutOrigin.Given,
        LayoutSource.Encoded => LayoutOrigin.Encoded,
        _ => LayoutOrigin.Drawn,
    };

    private IReadOnlyList<ClassLabel> Classes(ModelDescription model)
    {
        if (ClassId is not { } id)
        {
            return Sheet is null ? throw new InvalidDataException("it names no class.") : model.Classes.Labels;
        }

        return model.Classes.Find(id) is { } label
            ? [label]
            : throw new InvalidDataException($"it names class {id}; model '{model.Name}' has the classes 0 to {model.Classes.Count - 1}.");
    }
}

/// <summary>Origin of the coarse labels of an image.</summary>
public enum LayoutOrigin
{
    /// <summary>The model drew them from class and seed.</summary>
    Drawn,

    /// <summary>The caller sent the labels of another image.</summary>
    Given,

    /// <summary>They were encoded from a picture that the caller sent.</summary>
    Encoded,
}

/// <summary>A contact sheet: images in reading order.</summary>
/// <param name="ImagesPerClass">Number of images of each class; image i has the seed derived from the seed of the sheet and i.</param>
/// <param name="Columns">Images in a row.</param>
public sealed record SheetShape(int ImagesPerClass, int Columns);
