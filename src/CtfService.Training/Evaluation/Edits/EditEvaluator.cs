using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>Measures edits of real pictures against the pictures themselves and against training images.</summary>
/// <param name="extractor">Extractor that knows the classes.</param>
/// <param name="originals">The pictures that are edited, with the class ids of the model.</param>
/// <param name="stages">Displays the stages.</param>
public sealed class EditEvaluator(IFeatureExtractor extractor, ImageDataset originals, IEvaluationStages stages, CancellationToken cancellation)
{
    /// <summary>Depths of <see cref="EditFigures.SeamBand"/>, pixels.</summary>
    private const int BandDepths = 4;

    private readonly FigureCollector _collector = new(cancellation);

    /// <summary>The undefined figures so far, each with the reason.</summary>
    public IReadOnlyList<MissingFigure> Missing => _collector.Missing;

    /// <summary>Edits every picture with every mask and method.</summary>
    public IReadOnlyList<EditedSet> Draw(IReadOnlyList<NamedMask> masks, IReadOnlyList<IEditMethod> methods, ulong seed)
    {
        var tasks = EditTask.Of(originals, seed);
        return [.. masks.SelectMany(mask => methods.Select(method => new EditedSet(mask, method.Name, stages.Run(
            $"{mask.Name}: {method.Name}", () => method.Edit(tasks, mask.Mask, cancellation)))))];
    }

    /// <summary>Measures the sets, beside the originals and their reconstructions by the tokenizer.</summary>
    /// <param name="real">Features of the training images.</param>
    public IReadOnlyList<MaskReport> Measure(IReadOnlyList<EditedSet> sets, Bundle bundle, Device device, FeatureSet real)
    {
        var restored = stages.Run("tokenizer", progress => Reconstructions.Of(bundle, originals, device, progress, cancellation)).Images;
        using var originalFeatures = Features("originals", originals.Images);
        using var restoredFeatures = Features("reconstructions", restored.Images);
        return [.. sets.GroupBy(set => set.Mask).Select(group => new MaskReport(
            group.Key.Name,
            group.Key.Mask.EditedCount / (double)group.Key.Mask.Edited.Length,
            Rows(group.Key, [UnderMask(group.Key, restored), .. group])))];

        IReadOnlyList<EditFigures> Rows(NamedMask mask, IReadOnlyList<EditedSet> edits)
        {
            var seams = (Border: new Seam(mask.Mask, depths: 1), Band: new Seam(mask.Mask, BandDepths));
            return
            [
                Figures(mask, "original", originals.Images, originalFeatures, seams),
                Figures(mask, "reconstruction", restored.Images, restoredFeatures, seams),
                .. edits.Select(edit =>
                {
                    byte[][] images = [.. edit.Images.Select(image => image.Pixels)];
                    using var features = Features($"{mask.Name}: {edit.Method}", images);
                    return Figures(mask, edit.Method, images, features, seams);
                }),
            ];
        }

        EditFigures Figures(NamedMask mask, string method, IReadOnlyList<byte[]> images, FeatureSet features, (Seam Border, Seam Band) seams)
        {
            var name = $"{mask.Name}.{method}";
            double? Ratio(string figure, Seam seam) => _collector.Ratio(
                $"{name}.{figure}", seam.MeanGradient(images), seam.MeanGradient(originals.Images), "the originals at the border of the mask");
            return new EditFigures(
                method,
                features.Classes?.Accuracy,
                _collector.Compute($"{name}.fid", () => real.Pooled.FrechetDistance(features.Pooled)),
                _collector.Compute($"{name}.fid_to_originals", () => originalFeatures.Pooled.FrechetDistance(features.Pooled)),
                Ratio("seam", seams.Border),
                Ratio("seam_band", seams.Band));
        }
    }

    /// <summary>The best that any choice of tokens could give: the part under the mask is the reconstruction of the original.</summary>
    private EditedSet UnderMask(NamedMask mask, ImageDataset restored) => new(mask, "reconstruction under the mask", [.. originals.Images.Zip(
        restored.Images, (original, other) => Pasting.Under(mask.Mask, Image(original), Image(other)))]);

    private RgbImage Image(byte[] pixels) => new(originals.Width, originals.Height, pixels);

    private FeatureSet Features(string title, IReadOnlyList<byte[]> images)
    {
        LabelledImage[] labelled = [.. images.Zip(originals.ClassIds, (pixels, classId) => new LabelledImage(pixels, classId))];
        var set = new ImageDataset(originals.Width, originals.Height, originals.ClassNames, labelled);
        return stages.Run($"features: {title}", progress => FeatureSet.Extract(extractor, set, progress, cancellation));
    }
}

/// <summary>The results of one method with one mask, in the order of the originals.</summary>
public sealed record EditedSet(NamedMask Mask, string Method, IReadOnlyList<RgbImage> Images);
