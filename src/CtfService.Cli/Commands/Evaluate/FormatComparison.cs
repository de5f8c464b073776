using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Storage;
using CtfService.Training.Data;
using CtfService.Training.Evaluation;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Samples;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary>
/// <c>ctf evaluate --dtype all</c>: generates a set of images in each weight format for each seed, compares class accuracy and FID, and records them in the
/// manifest if asked to.
/// </summary>
internal sealed class FormatComparison(Terminal terminal, EvaluateArguments arguments, ConsoleStages stages, CancellationToken cancellation)
{
    /// <exception cref="DatasetException">The real images cannot judge the model's, or a figure is undefined.</exception>
    /// <exception cref="CheckpointException">The bundle changed meanwhile; nothing was recorded.</exception>
    public void Run(Bundle bundle, RealImages real, IFeatureExtractor classifier)
    {
        var train = real.Train ?? throw new DatasetException("--data has statistics only. A comparison of formats needs training images with classes.");
        using var meter = new FormatMeter(train, classifier, arguments.Cache, stages, cancellation); // fails before anything is generated
        var formats = FormatRule.Formats.Select(format => Measure(bundle, format, meter)).ToList();
        var plan = arguments.Plan(bundle.Describe(), arguments.Seeds[0]);
        var evaluation = new BundleEvaluation
        {
            Software = ImageProvenance.ThisSoftware,
            Weights = BundleEvaluation.WeightsOf(bundle.Manifest.Files),
            Sampler = plan.Sampler,
            Coarse = plan.Coarse,
            Fine = plan.Fine,
            Seeds = arguments.Seeds,
            ImagesPerClass = plan.PerClass,
            TrainImages = train.Count,
            ExtractorHash = classifier.Hash,
            Formats = formats,
        };
        AtomicFile.WriteText(Path.Combine(arguments.Output, "formats.json"), ReportJson.Text(evaluation) + Environment.NewLine);
        terminal.Output.Write(FormatTable.Of(evaluation));
        if (arguments.Record)
        {
            EvaluationRecorder.Record(bundle, evaluation);
            terminal.Error.WriteLine($"Recorded in {Path.Combine(bundle.Directory, BundleFiles.Manifest)}; the bundle's hash stays {bundle.Hash}.");
        }
    }

    private FormatFigures Measure(Bundle bundle, string format, FormatMeter meter)
    {
        var sets = Draw(bundle, format);
        TorchThreads.UseAllCores(); // the engine, which used its own threads, is disposed
        var figures = sets.Select(set => meter.Measure(set.Title, set.Images)).ToList();
        return FormatFigures.Of(format, [.. figures.Select(figure => figure.Fid)], [.. figures.Select(figure => figure.ClassAccuracy)]);
    }

    private List<(string Title, ImageDataset Images)> Draw(Bundle bundle, string format)
    {
        using var generator = EvaluateCommand.Factory(bundle, arguments, "cpu", format).Load(cancellation);
        return [.. arguments.Seeds.Select(seed =>
        {
            var folder = new SampleFolder(Path.Combine(arguments.Output, FormattableString.Invariant($"{format}-{seed}")));
            var title = FormattableString.Invariant($"{format}, seed {seed}");
            var plan = arguments.Plan(generator.Model, seed);
            return (title, stages.Run($"{title}: images", progress => folder.Draw(generator, plan, progress, cancellation)).Images);
        })];
    }
}
