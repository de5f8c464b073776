using CtfService.Core.Classes;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>
/// Where an image file comes from: all that decided its bytes, and no time or place. Written into every generated file, and enough to generate a drawn one again.
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

    /// <summary>The class drawn. Null where the image was made without one, and on a sheet of every class of the model in turn.</summary>
    public int? ClassId { get; init; }

    /// <summary>Its name.</summary>
    public string? ClassLabel { get; init; }

    /// <summary>Seed of the image; on a sheet, of the request (see <see cref="ImageSeed"/>).</summary>
    public required ulong Seed { get; init; }

    /// <summary>Where the coarse labels come from.</summary>
    public LayoutOrigin Layout { get; init; } = LayoutOrigin.Drawn;

    /// <summary>Sampling of the coarse labels; null where they were not drawn.</summary>
    public SamplingSettings? Coarse { get; init; }

    /// <summary>Sampling of the fine labels; null without a fine stage.</summary>
    public SamplingSettings? Fine { get; init; }

    /// <summary>Null where the file holds one image.</summary>
    public SheetShape? Sheet { get; init; }

    /// <summary>Number of a preview, made of the coarse labels so far; null for the finished image.</summary>
    public int? Preview { get; init; }

    /// <summary>Of JPEG and WebP, 0..100; null for PNG, which is lossless.</summary>
    public int? Quality { get; init; }

    /// <summary>True where model and file are enough to make it again.</summary>
    public bool IsReproducible => Layout == LayoutOrigin.Drawn && Preview is null;

    /// <summary>Of one image of a loaded model.</summary>
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

    /// <summary>Of the contact sheet that starts with this image.</summary>
    /// <param name="everyClass">Every class of the model in turn, not one alone.</param>
    public ImageProvenance OnSheet(SheetShape sheet, bool everyClass = false) => this with
    {
        Sheet = sheet,
        ClassId = everyClass ? null : ClassId,
        ClassLabel = everyClass ? null : ClassLabel,
    };

    /// <summary>What to ask the model for to get the image, or the images of the sheet in order, again.</summary>
    /// <exception cref="InvalidDataException">Not reproducible, or the class is none of the model's.</exception>
    public IReadOnlyList<ImageSpecification> Specifications(ModelDescription model)
    {
        if (!IsReproducible || Coarse is null)
        {
            throw new InvalidDataException("it is a preview, or its layout came from outside the model and is not in the file; only finished images that the model drew can be made again.");
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

        return model.Classes.Find(id) is { } label ? [label] : throw new InvalidDataException($"it names class {id}; model '{model.Name}' has the classes 0 to {model.Classes.Count - 1}.");
    }
}

/// <summary>Where the coarse labels of an image come from.</summary>
public enum LayoutOrigin
{
    /// <summary>The model drew them from class and seed.</summary>
    Drawn,

    /// <summary>The caller sent those of another image.</summary>
    Given,

    /// <summary>They are those of a picture that the caller sent.</summary>
    Encoded,
}

/// <summary>A contact sheet: images in reading order.</summary>
/// <param name="ImagesPerClass">Image i of a class has the seed derived from the sheet's seed and i.</param>
/// <param name="Columns">Images in a row.</param>
public sealed record SheetShape(int ImagesPerClass, int Columns);
