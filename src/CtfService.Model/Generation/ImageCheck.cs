using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Model.Generation;

/// <summary>Checks that a model can generate an image.</summary>
internal static class ImageCheck
{
    /// <exception cref="ArgumentException">The class is unknown, or the layout or picture does not have the model's size.</exception>
    public static void Require(ImageSpecification image, ModelDescription model)
    {
        var lastClass = image.Layout == LayoutSource.Drawn ? model.NullClass - 1 : model.NullClass;
        if (image.ClassId < 0 || image.ClassId > lastClass)
        {
            throw new ArgumentOutOfRangeException(nameof(image), image.ClassId, $"classId must be between 0 and {lastClass}.");
        }

        if (image.Layout is LayoutSource.Given given)
        {
            RequireLayout(given.CoarseLabels, model);
        }
        else if (image.Layout is LayoutSource.Encoded { Picture: { } picture } && (picture.Width, picture.Height) != (model.ImageWidth, model.ImageHeight))
        {
            throw new ArgumentException(
                $"The picture is {picture.Width}x{picture.Height}; expected {model.ImageWidth}x{model.ImageHeight}. Resize it first.", nameof(image));
        }
    }

    private static void RequireLayout(IReadOnlyList<int> labels, ModelDescription model)
    {
        if (labels.Count != model.TokenCount)
        {
            throw new ArgumentException($"The layout has {labels.Count} coarse labels; expected {model.TokenCount}.", nameof(labels));
        }

        if (labels.Any(label => label < 0 || label >= model.ClusterCount))
        {
            throw new ArgumentException($"The layout has a coarse label out of range; expected 0 to {model.ClusterCount - 1}.", nameof(labels));
        }
    }
}
