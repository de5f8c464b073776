using System.Globalization;
using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Classification;

/// <summary>Reads and writes a trained classifier as one safetensors file: weights, with class names, image size and accuracy as metadata.</summary>
public static class ClassifierFile
{
    private const string ClassNamesKey = "class_names";
    private const string ImageSizeKey = "image_size";
    private const string AccuracyKey = "test_accuracy";

    /// <param name="testAccuracy">Accuracy on test images, 0 to 1; for information only.</param>
    public static void Save(ImageClassifier classifier, string path, double testAccuracy)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        StateDictSaver.Save(classifier, path, new Dictionary<string, string>
        {
            [ClassNamesKey] = JsonSerializer.Serialize(classifier.ClassNames),
            [ImageSizeKey] = classifier.ImageSize.ToString(CultureInfo.InvariantCulture),
            [AccuracyKey] = testAccuracy.ToString("R", CultureInfo.InvariantCulture),
        });
    }

    /// <param name="device">Device of the classifier; null for the CPU.</param>
    /// <returns>The classifier in evaluation mode; owned by the caller.</returns>
    /// <exception cref="CheckpointException">The file is missing, damaged or not a classifier.</exception>
    public static ImageClassifier Load(string path, Device? device = null)
    {
        using var file = SafetensorsFile.Open(path);
        var classifier = new ImageClassifier(ClassNames(file), ImageSize(file));
        try
        {
            StateDictLoader.Load(classifier, file);
            classifier.eval();
            return classifier.to(device ?? CPU);
        }
        catch
        {
            classifier.Dispose();
            throw;
        }
    }

    private static string[] ClassNames(SafetensorsFile file)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(Metadata(file, ClassNamesKey)) is { Length: > 1 } names
                ? names
                : throw new CheckpointException($"{file.Path}: metadata '{ClassNamesKey}' names fewer than two classes.");
        }
        catch (JsonException exception)
        {
            throw new CheckpointException($"{file.Path}: metadata '{ClassNamesKey}' is not a JSON list of names.", exception);
        }
    }

    private static int ImageSize(SafetensorsFile file) =>
        int.TryParse(Metadata(file, ImageSizeKey), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is >= 16 and <= 4096
            ? size
            : throw new CheckpointException($"{file.Path}: metadata '{ImageSizeKey}' is not a size from 16 to 4096 pixels.");

    private static string Metadata(SafetensorsFile file, string key) => file.Metadata.TryGetValue(key, out var value)
        ? value
        : throw new CheckpointException($"{file.Path}: has no metadata '{key}', so it is not a classifier. Train one with 'ctf train-classifier'.");
}
