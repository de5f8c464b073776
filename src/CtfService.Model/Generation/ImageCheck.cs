using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Clusters;

namespace CtfService.Model.Generation;

/// <summary>Checks that a model can generate an image.</summary>
internal static class ImageCheck
{
    /// <exception cref="ArgumentException">
    /// The class is unknown, the layout, picture or mask does not have the model's size, a kept token is not of its cluster, the mask of an edit is empty, or
    /// its number of candidates is out of range.
    /// </exception>
    public static void Require(ImageSpecification image, ModelDescription model, ClusterMap map)
    {
        var lastClass = image.DrawsLayout ? model.NullClass - 1 : model.NullClass;
        if (image.ClassId < 0 || image.ClassId > lastClass)
        {
            throw new ArgumentOutOfRangeException(nameof(image), image.ClassId, $"classId must be between 0 and {lastClass}.");
        }

        switch (image.Layout)
        {
            case LayoutSource.Given given:
                RequireLayout(given.CoarseLabels, model);
                RequireKept(given, map);
                break;
            case LayoutSource.Encoded encoded:
                RequireSize("picture", encoded.Picture.Width, encoded.Picture.Height, model);
                break;
            case LayoutSource.Edited edited:
                RequireSize("picture", edited.Picture.Width, edited.Picture.Height, model);
                RequireSize("mask", edited.Mask.Width, edited.Mask.Height, model);
                RequireEdit(edited);
                break;
        }
    }

    private static void RequireSize(string what, int width, int height, ModelDescription model)
    {
        if ((width, height) != (model.ImageWidth, model.ImageHeight))
        {
            throw new ArgumentException($"The {what} is {width}x{height}; expected {model.ImageWidth}x{model.ImageHeight}. Resize it first.", nameof(width));
        }
    }

    private static void RequireEdit(LayoutSource.Edited edited)
    {
        if (edited.Mask.IsEmpty)
        {
            throw new ArgumentException("The mask is empty; expected at least one pixel to draw anew.", nameof(edited));
        }

        if (edited.Candidates is < 1 or > LayoutSource.Edited.MostCandidates)
        {
            throw new ArgumentException($"There are {edited.Candidates} candidates; expected 1 to {LayoutSource.Edited.MostCandidates}.", nameof(edited));
        }
    }

    private static void RequireKept(LayoutSource.Given given, ClusterMap map)
    {
        if (given.KeptTokens is not { } tokens)
        {
            return;
        }

        if (tokens.Count != given.CoarseLabels.Count)
        {
            throw new ArgumentException($"There are {tokens.Count} kept tokens; expected {given.CoarseLabels.Count}.", nameof(given));
        }

        for (var cell = 0; cell < tokens.Count; cell++)
        {
            var token = tokens[cell];
            if (token != LayoutSource.NewToken && ((uint)token >= (uint)map.CodebookSize || map.ClusterOf(token) != given.CoarseLabels[cell]))
            {
                throw new ArgumentException(
                    $"The kept token of position {cell} is {token}; expected a member of cluster {given.CoarseLabels[cell]}, the position's coarse label.",
                    nameof(given));
            }
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
