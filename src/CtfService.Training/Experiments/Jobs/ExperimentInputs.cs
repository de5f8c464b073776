using CtfService.Model.Tokenizer;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Inputs that several jobs share, loaded on first use. Access them outside of dispose scopes, which would dispose of the weights.</summary>
internal sealed class ExperimentInputs(string data, int imageSize, int maxPixels, CancellationToken cancellation) : IDisposable
{
    private ImageDataset? _train;
    private ImageDataset? _test;
    private (string Path, VqTokenizer Module)? _tokenizer;
    private (string Path, ImageClassifier Module)? _classifier;
    private (string Path, SampleEvaluator Module)? _evaluator;

    /// <summary>File that lists the class names; null to use those of the data set.</summary>
    public string? ClassNames { get; init; }

    /// <summary>Device of trainings, samples and features.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>Whether trainings multiply in bfloat16.</summary>
    public bool UseBfloat16 { get; init; } = true;

    public ImageDataset Train => _train ??= Open(ImageDatasetReader.TrainSplit);

    public ImageDataset Test => _test ??= Open(ImageDatasetReader.TestSplit);

    /// <summary>Opens the images of a split to be read once, in order; owned by the caller.</summary>
    public ImageWalk Walk(string split) => SourceWalk.Open(data, split, maxPixels, ClassNames);

    /// <summary>Loads a tokenizer; owned by this object.</summary>
    public VqTokenizer Tokenizer(string path)
    {
        if (_tokenizer?.Path != path)
        {
            _tokenizer?.Module.Dispose();
            _tokenizer = (path, ModelFile.Load<VqTokenizer, TokenizerConfig>(path, config => new VqTokenizer(config), Device));
        }

        return _tokenizer.Value.Module;
    }

    /// <summary>Loads a classifier; owned by this object.</summary>
    public ImageClassifier Classifier(string path)
    {
        if (_classifier?.Path != path)
        {
            _classifier?.Module.Dispose();
            _classifier = (path, ClassifierFile.Load(path, Device));
        }

        return _classifier.Value.Module;
    }

    /// <summary>Loads the evaluator of samples; owned by this object.</summary>
    /// <param name="classifierPath">File of the classifier that provides the features.</param>
    /// <param name="cache">Folder that caches the features of the real images.</param>
    /// <param name="progress">Receives reports while these features are computed.</param>
    public SampleEvaluator Evaluator(string classifierPath, string cache, ITrainingProgress progress)
    {
        if (_evaluator?.Path != classifierPath)
        {
            _evaluator?.Module.Dispose();
            var extractor = ClassifierFeatures.Load(classifierPath, Device);
            var real = RealFeatures.LoadOrExtract(cache, extractor, Train, Test, progress, cancellation: cancellation);
            _evaluator = (classifierPath, new SampleEvaluator(extractor, real));
        }

        return _evaluator.Value.Module;
    }

    public void Dispose()
    {
        _tokenizer?.Module.Dispose();
        _classifier?.Module.Dispose();
        _evaluator?.Module.Dispose();
    }

    private ImageDataset Open(string split) =>
        ImageDatasetReader.Open(data, new DatasetRequest(imageSize, split) { MaxPixels = maxPixels, ClassNames = ClassNames }, cancellation);
}
