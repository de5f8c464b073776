using CtfService.Core.Classes;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>
/// Origin of an image file: everything that determines its bytes, and no time or place. Written into every generated file; sufficient to generate a drawn
/// image again, and with the original picture an edited one.
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

    /// <inheritdoc cref="ModelDescription.Window"/>
    public int? Window { get; init; }

    /// <summary>The class drawn. Null if the image has no class, and on a contact sheet of all classes of the model.</summary>
    public int? ClassId { get; init; }

    /// <summary>Name of the class.</summary>
    public string? ClassLabel { get; init; }

    /// <summary>Seed of the image; on a contact sheet, of the request (see <see cref="ImageSeed"/>).</summary>
    public required ulong Seed { get; init; }

    /// <summary>Origin of the coarse labels.</summary>
    public LayoutOrigin Layout { get; init; } = LayoutOrigin.Drawn;

    /// <summary>What the image kept of a picture that was edited, or of the details of another image; null if nothing.</summary>
    public KeptParts? Kept { get; init; }

    /// <summary>Sampling of the coarse labels; null if none of them were drawn.</summary>
    public SamplingSettings? Coarse { get; init; }

    /// <summary>Sampling of the fine labels; null without a fine stage.</summary>
    public SamplingSettings? Fine { get; init; }

    /// <summary>
    /// Name of the method that drew the labels (<see cref="SamplerName"/>), which a newer version may know alone. Null if nothing was drawn, and in files of
    /// version 0.2.0 and earlier, which used <see cref="SamplingMethod.InverseCdf"/>.
    /// </summary>
    public string? Sampler { get; init; }

    /// <summary>Shape of the contact sheet; null if the file contains a single image.</summary>
    public SheetShape? Sheet { get; init; }

    /// <summary>Number of the preview; null for a finished image.</summary>
    public int? Preview { get; init; }

    /// <summary>Quality of JPEG and WebP, 0 to 100; null for PNG, which is lossless.</summary>
    public int? Quality { get; init; }

    /// <summary>True if the model and the file suffice to generate the image again; with <see cref="IsEdit"/>, the original picture is needed too.</summary>
    public bool IsReproducible => Obstacle is null;

    /// <summary>Why the image cannot be generated again; null if it can.</summary>
    public string? Obstacle => this switch
    {
        { Preview: not null } => "it is a preview; only finished images can be reproduced",
        { Layout: LayoutOrigin.Given or LayoutOrigin.Encoded } => "its layout was not drawn by the model and is not stored in the file",
        { IsEdit: true, Kept: null } => "it does not say what it kept of the picture that was edited",
        { IsEdit: true, Kept.Mask: null } => KeptParts.MaskIsMissing,
        { Coarse: null } => "it has no sampling settings of the coarse stage",
        _ when SamplerName.Find(Sampler) is null =>
            $"it was drawn by the sampler '{Sampler}', which this version does not have (it has {SamplerName.List}); use the version that made it, {Software}",
        _ => null,
    };

    /// <summary>True if the image was made by changing a part of a picture.</summary>
    public bool IsEdit => Layout == LayoutOrigin.Edited;

    /// <summary>Returns the provenance of one image of a loaded model.</summary>
    public static ImageProvenance Of(ModelDescription model, ImageSpecification image)
    {
        var label = model.Classes.Find(image.ClassId);
        return new ImageProvenance
        {
            Software = ThisSoftware,
            Model = model.Name,
            BundleHash = model.BundleHash,
            Device = model.Device,
            Dtype = model.Dtype,
            Window = image.DrawsLayout ? model.Window : null,
            ClassId = label?.Id,
            ClassLabel = label?.Name,
            Seed = image.Seed,
            Layout = Origin(image.Layout),
            Kept = KeptParts.Of(model, image.Layout),
            Coarse = image.DrawsLayout ? image.Coarse : null,
            Fine = model.HasFineStage ? image.Fine : null,
            Sampler = image.DrawsLayout || model.HasFineStage ? SamplerName.Of(image.Method) : null,
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
    /// <param name="original">The picture that was edited, in the model's image size. Null if there is none; only an edit needs it.</param>
    /// <exception cref="InvalidDataException">
    /// The image is not reproducible, the model does not have its class, or it is an edit of another picture than the original.
    /// </exception>
    public IReadOnlyList<ImageSpecification> Specifications(ModelDescription model, RgbImage? original = null)
    {
        if (Obstacle is { } obstacle)
        {
            throw new InvalidDataException($"{obstacle}.");
        }

        var (layout, method) = (IsEdit ? Edit(model, original) : LayoutSource.Drawn, SamplerName.Find(Sampler)!.Value);
        return [.. Classes(model).SelectMany(label => Enumerable.Range(0, Sheet?.ImagesPerClass ?? 1).Select(i =>
            new ImageSpecification(label.Id, ImageSeed.Derive(Seed, i), Coarse!, Fine ?? model.DefaultFine) { Layout = layout, Method = method }))];
    }

    private LayoutSource.Edited Edit(ModelDescription model, RgbImage? original)
    {
        if (original is null)
        {
            throw new InvalidDataException("it is an edit of a picture that is not in the file; it can be reproduced only with the original.");
        }

        return (original.Width, original.Height) == (model.ImageWidth, model.ImageHeight)
            ? Kept!.Edit(original)
            : throw new InvalidDataException($"the original has {original.Width}x{original.Height} pixels, expected {model.ImageSize} like the model.");
    }

    private static LayoutOrigin Origin(LayoutSource layout) => layout switch
    {
        LayoutSource.Given => LayoutOrigin.Given,
        LayoutSource.Encoded => LayoutOrigin.Encoded,
        LayoutSource.Edited => LayoutOrigin.Edited,
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

    /// <summary>A part was encoded from a picture that the caller sent; the model drew the rest, below a mask, from class and seed.</summary>
    Edited,
}

/// <summary>A contact sheet: images in reading order.</summary>
/// <param name="ImagesPerClass">Number of images of each class; image i has the seed derived from the seed of the sheet and i.</param>
/// <param name="Columns">Images in a row.</param>
public sealed record SheetShape(int ImagesPerClass, int Columns);
