using System.Security.Cryptography;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Production;
using CtfService.Model.Imaging;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Datasets;

/// <summary>Judges images by a classifier of <c>ctf train-classifier</c>, one at a time: in a batch, the rounding would depend on the other images.</summary>
internal sealed class ClassifierJudge : IImageJudge, IDisposable
{
    private readonly ImageClassifier _classifier;

    /// <summary>Class ids of the model by those of the classifier; null for classes that the model does not have.</summary>
    private readonly int?[] _classIds;

    private ClassifierJudge(ImageClassifier classifier, int?[] classIds)
    {
        _classifier = classifier;
        _classIds = classIds;
    }

    /// <param name="counts">Images of each class, by class id.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged or not a classifier.</exception>
    /// <exception cref="UsageException">The classifier does not know a class that is to be generated.</exception>
    public static ClassifierJudge Load(string path, ModelDescription model, IReadOnlyList<int> counts)
    {
        TorchThreads.UseAllCores();
        var classifier = ClassifierFile.Load(path);
        var judge = new ClassifierJudge(classifier, [.. classifier.ClassNames.Select(name => model.Classes.Find(name)?.Id)]);
        var wanted = model.Classes.Labels.Where(label => counts[label.Id] > 0);
        List<string> unknown = [.. wanted.Where(label => !judge._classIds.Contains(label.Id)).Select(label => label.Name)];
        if (unknown.Count > 0)
        {
            classifier.Dispose();
            throw new UsageException(
                $"The classifier of --keep-if does not know {NameList.Of(unknown)}. Train one with these classes, or choose others with --class.");
        }

        return judge;
    }

    /// <summary>Returns the SHA-256 of a classifier file, in lower-case hex.</summary>
    public static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    public Judgement Judge(RgbImage image, int classId)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var size = _classifier.ImageSize;
        var pixels = new LabelledImage(ImageResizer.Cover(image, size, size).Pixels, ClassId: 0);
        var single = new ImageDataset(size, size, _classifier.ClassNames, [pixels]);
        var logits = _classifier.forward(ImageBatch.Of(single, [0]).Pixels); // [1, classes]
        var probabilities = nn.functional.softmax(logits, 1).data<float>().ToArray();
        return new Judgement(_classIds[Array.IndexOf(probabilities, probabilities.Max())] ?? -1, probabilities[Array.IndexOf(_classIds, classId)]);
    }

    public void Dispose() => _classifier.Dispose();
}
