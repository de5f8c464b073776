using CtfService.Training.Data;
using static TorchSharp.torch;

namespace CtfService.Training.Classification;

/// <summary>The classifier's accuracy on a set of images.</summary>
/// <param name="Accuracy">Accuracy over all images, 0 to 1.</param>
/// <param name="Classes">Classes that have images, in the order of their ids.</param>
/// <param name="Confusions">Confused pairs of classes, most frequent first.</param>
public sealed record ClassifierReport(int Images, double Accuracy, IReadOnlyList<ClassAccuracy> Classes, IReadOnlyList<Confusion> Confusions)
{
    private const int BatchSize = 128;

    /// <summary>Classifies every image of the set.</summary>
    /// <exception cref="DatasetException">The set has a class that the classifier does not know.</exception>
    public static ClassifierReport Measure(ImageClassifier classifier, ImageDataset dataset, CancellationToken cancellation = default)
    {
        var known = dataset.WithClassNames(classifier.ClassNames);
        return Of(classifier.ClassNames, known.ClassIds, Predict(classifier, known, cancellation));
    }

    /// <summary>Returns the most probable class id of each image.</summary>
    public static IReadOnlyList<int> Predict(ImageClassifier classifier, ImageDataset dataset, CancellationToken cancellation = default)
    {
        using var inference = no_grad();
        var predicted = new List<int>(dataset.Count);
        foreach (var indexes in Enumerable.Range(0, dataset.Count).Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var classIds = classifier.forward(Upload.To(ImageBatch.Of(dataset, indexes).Pixels, classifier.Device)).argmax(1).cpu(); // [B]
            predicted.AddRange(classIds.data<long>().Select(classId => (int)classId));
        }

        return predicted;
    }

    internal static ClassifierReport Of(IReadOnlyList<string> classNames, IReadOnlyList<int> actual, IReadOnlyList<int> predicted)
    {
        var pairs = actual.Zip(predicted).ToList();
        var classes = pairs.GroupBy(pair => pair.First).OrderBy(group => group.Key).Select(group =>
            new ClassAccuracy(classNames[group.Key], group.Count(), group.Average(pair => pair.First == pair.Second ? 1.0 : 0)));
        var confusions = pairs
            .Where(pair => pair.First != pair.Second)
            .GroupBy(pair => pair)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key)
            .Select(group => new Confusion(classNames[group.Key.First], classNames[group.Key.Second], group.Count()));
        var accuracy = pairs.Count == 0 ? 0 : pairs.Average(pair => pair.First == pair.Second ? 1.0 : 0);
        return new ClassifierReport(pairs.Count, accuracy, [.. classes], [.. confusions]);
    }
}

/// <summary>Accuracy on the images of one class.</summary>
/// <param name="Accuracy">0 to 1.</param>
public sealed record ClassAccuracy(string Name, int Images, double Accuracy);

/// <summary>Images of one class that are predicted as another.</summary>
public sealed record Confusion(string Actual, string Predicted, int Images);
