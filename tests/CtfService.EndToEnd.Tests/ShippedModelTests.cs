using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Training.Classification;
using CtfService.Training.Data;

namespace CtfService.EndToEnd.Tests;

/// <summary>The shipped model draws the requested class, judged by a classifier trained on real images.</summary>
public sealed class ShippedModelTests
{
    private const int ImagesPerClass = 4;

    [Theory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    [InlineData("int8")]
    public void Generate_EveryClass_IsRecognisedByTheClassifier(string dtype)
    {
        using var generator = new CtfImageGeneratorFactory(
            Path.Combine(AppContext.BaseDirectory, "models", "fruits-64"), () => ModelPlacement.Parse("cpu", dtype)).Load(CancellationToken.None);
        using var classifier = ClassifierFile.Load(Path.Combine(AppContext.BaseDirectory, "Fixtures", "fruits-64-classifier.safetensors"));
        var model = generator.Model;
        var specifications = model.Classes.Labels.SelectMany(label => Enumerable.Range(0, ImagesPerClass)
            .Select(i => new ImageSpecification(label.Id, ImageSeed.Derive(2026, i), model.DefaultCoarse, model.DefaultFine)));

        var images = specifications.Chunk(16).SelectMany(batch => generator.Generate(batch, CancellationToken.None));

        LabelledImage[] labelled = [.. images.Select(image => new LabelledImage(image.Image.Pixels, image.Specification.ClassId))];
        var dataset = new ImageDataset(model.ImageWidth, model.ImageHeight, [.. model.Classes.Labels.Select(label => label.Name)], labelled);
        var report = ClassifierReport.Measure(classifier, dataset, CancellationToken.None);
        Assert.True(report.Accuracy >= 0.8, $"The classifier names {report.Accuracy:P1} of the generated images correctly, expected at least 80 %.");
        Assert.True(MeanDifference(labelled[0].Pixels, labelled[1].Pixels) > 1, "Two seeds of one class give the same image.");
    }

    private static double MeanDifference(byte[] left, byte[] right) => left.Zip(right, (a, b) => Math.Abs(a - b)).Average();
}
