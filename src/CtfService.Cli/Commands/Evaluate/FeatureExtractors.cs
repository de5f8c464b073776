using CtfService.Model.Loading;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Features.Inception;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary>Loads and owns the feature extractors that the user names.</summary>
internal sealed record FeatureExtractors(IReadOnlyList<IFeatureExtractor> All, Device Device) : IDisposable
{
    /// <exception cref="Core.Models.CheckpointException">A file is missing, damaged or not of the named kind.</exception>
    public static FeatureExtractors Load(EvaluateArguments arguments)
    {
        var device = ModelPlacement.Parse(arguments.Device, "auto").Device;
        var loaded = new List<IFeatureExtractor>();
        try
        {
            if (arguments.Classifier is { } classifier)
            {
                loaded.Add(ClassifierFeatures.Load(classifier, device));
            }

            if (arguments.Inception is { } inception)
            {
                loaded.Add(InceptionFeatures.Load(inception, device));
            }

            return new FeatureExtractors(loaded, device);
        }
        catch
        {
            loaded.ForEach(extractor => extractor.Dispose());
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var extractor in All)
        {
            extractor.Dispose();
        }
    }
}
