using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;
using CtfService.Training.Progress;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Generates images of every class with one model, snapshot and sampling on the serving engine, and evaluates them.</summary>
internal sealed class EvaluationJob(TrainedModel model, long step, EvaluationSettings settings, RealImagesJob real)
    : ExperimentJob(NameOf(model, step, settings), settings, [.. model.Jobs, real])
{
    private const int Rows = 64;
    private const int SheetRows = 2; // images of each class
    private const int SheetColumns = 12;

    public override JsonObject Run(JobRun run)
    {
        var images = Draw(run);
        WriteSheet(Path.Combine(run.Folder, "samples.png"), images);
        return real.Evaluator(run).Measure(images, run.Cancellation);
    }

    private IReadOnlyList<GeneratedImage> Draw(JobRun run)
    {
        var directory = Path.Combine(run.Folder, "bundle");
        var sampling = new SamplingDefaults(settings.Coarse, settings.Fine);
        try
        {
            model.Pack(run, directory, step, sampling);
            using var generator = ServingEngine.Load(directory, Rows, run.Inputs.Device, run.Cancellation);
            var specifications = Specifications(generator.Model.Classes.Count);
            var meter = new TrainingMeter(run.Progress, new TrainingPace(0, specifications.Count, BatchSize: 1, ReportEvery: Rows));
            var drawn = 0;
            var images = generator.Generate(specifications, run.Cancellation, _ => meter.StepFinished(++drawn, () => new Dictionary<string, double>()));
            return settings.DrawFrom == FineHead.Codebook
                ? CodebookResampler.Resample(images, model.FinePath(run, step)!, TokenizerJob.PathIn(run.FolderOf(model.Sources.Tokenizer)), run)
                : images;
        }
        finally
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true); // the parts are kept in the folders of the training jobs
            }
        }
    }

    /// <summary>Returns the images class by class, with the same seeds for every model.</summary>
    private List<ImageSpecification> Specifications(int classes) =>
        [.. Enumerable.Range(0, classes * settings.ImagesPerClass)
            .Select(i => new ImageSpecification(i / settings.ImagesPerClass, ImageSeed.Derive(0, i), settings.Coarse, settings.Fine))];

    private void WriteSheet(string path, IReadOnlyList<GeneratedImage> images)
    {
        var shown = images.Chunk(settings.ImagesPerClass).SelectMany(ofClass => ofClass.Take(SheetRows)).Select(image => image.Image);
        AtomicFile.WriteBytes(path, ImageCodec.Encode(ContactSheet.Compose([.. shown], SheetColumns), ImageFormat.Png));
    }

    private static string NameOf(TrainedModel model, long step, EvaluationSettings settings)
    {
        var sampling = SamplingName.Of("", settings.Coarse) + SamplingName.Of("-fine", settings.Fine);
        return $"evaluations/{model.Name}/seed-{model.Seed}-step-{step}{sampling}{(settings.DrawFrom == FineHead.Codebook ? "-from-codebook" : "")}";
    }
}

/// <summary>Settings of an evaluation, besides the model.</summary>
internal sealed record EvaluationSettings(int ImagesPerClass, SamplingSettings Coarse, SamplingSettings Fine, FineHead DrawFrom);

/// <summary>Formats the sampling settings that are not neutral, as part of a folder name.</summary>
internal static class SamplingName
{
    public static string Of(string prefix, SamplingSettings settings)
    {
        var neutral = new SamplingSettings();
        (string Name, object Value, object Neutral)[] parts =
        [
            ("guidance", settings.GuidanceScale, neutral.GuidanceScale),
            ("temperature", settings.Temperature, neutral.Temperature),
            ("top-k", settings.TopK, neutral.TopK),
            ("top-p", settings.TopP, neutral.TopP),
            ("interval", settings.GuidanceInterval, neutral.GuidanceInterval),
        ];
        var changed = parts.Where(part => !part.Value.Equals(part.Neutral)).Select(part => FormattableString.Invariant($"-{part.Name}-{part.Value}"));
        return string.Concat(changed) is { Length: > 0 } name ? prefix + name : "";
    }
}
