using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Training.Data;
using CtfService.Training.Evaluation;

namespace CtfService.Training.Experiments;

/// <summary>Stand-in until the evaluation is merged: class accuracy only.</summary>
internal sealed class ClassifierJudge(ImageClassifier classifier) : ISampleJudge
{
    public JsonObject Measure(IReadOnlyList<GeneratedImage> images, CancellationToken cancellation)
    {
        var first = images[0].Image;
        var dataset = new ImageDataset(first.Width, first.Height, classifier.ClassNames, [.. images.Select(image => new LabelledImage(image.Image.Pixels, image.Specification.ClassId))]);
        return new JsonObject { ["accuracy"] = ClassifierReport.Measure(classifier, dataset, cancellation).Accuracy };
    }
}
