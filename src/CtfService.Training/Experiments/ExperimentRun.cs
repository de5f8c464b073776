using CtfService.Model.Tokenizer;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Data.Files;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Experiments.Report;
using CtfService.Training.Parts;

namespace CtfService.Training.Experiments;

/// <summary>Runs an experiment, or goes on with it: what <c>ctf experiment</c> does.</summary>
public sealed class ExperimentRun : IDisposable
{
    private readonly ExperimentPlan _plan;
    private readonly ExperimentOptions _options;
    private readonly ExperimentGraph _graph;
    private readonly ExperimentInputs _inputs;

    /// <exception cref="InvalidDataException">The plan cannot be run, or does not fit the tokenizer.</exception>
    /// <exception cref="DatasetException">The data set has no classes to tell apart.</exception>
    public ExperimentRun(ExperimentPlan plan, ExperimentOptions options, CancellationToken cancellation)
    {
        RequireFit(plan, options.Tokenizer);
        if (!Path.Exists(options.Data))
        {
            throw new InvalidDataException(
                $"There is no data set at '{options.Data}'. Give a folder or tar file with train/<class>/<image> and test/<class>/<image>.");
        }

        ClassifierTrainer.RequireSeveralClasses(ImageFolder.Classes(options.Data, ImageFolder.TrainSplit)); // before the hours that come before the classifier
        _plan = plan;
        _options = options;
        _graph = new ExperimentGraph(plan, Fingerprints.OfData(options.Data, options.MaxPixels, cancellation), options.Tokenizer);
        _inputs = new ExperimentInputs(options.Data, plan.ImageSize, options.MaxPixels, cancellation);
    }

    /// <summary>Opens the training and the test images if a job is to be run, so that what is wrong with them is said first; nothing otherwise.</summary>
    /// <exception cref="DatasetException">The data set cannot be used.</exception>
    public IReadOnlyList<ImageDataset> OpenData() =>
        Asked().TrueForAll(job => new JobFolder(_options.Output, job).IsFinished) ? [] : [_inputs.Train, _inputs.Test];

    /// <summary>Runs what is not finished.</summary>
    /// <exception cref="InvalidDataException">Results are there of other settings.</exception>
    /// <exception cref="OperationCanceledException">Stopped; running it again goes on.</exception>
    public void Run(IExperimentProgress progress, CancellationToken cancellation) =>
        new JobRunner(_options.Output, Asked(), _inputs, progress, TimeProvider.System).Run(_options.Redo, cancellation);

    /// <summary>Writes the report of what is finished.</summary>
    /// <returns>Jobs finished, and jobs in all.</returns>
    public (int Finished, int Jobs) Report()
    {
        ExperimentReport.Write(new ExperimentResults(_plan, _graph, _options.Output), _options.Report);
        return (_graph.Jobs.Count(job => new JobFolder(_options.Output, job).IsFinished), _graph.Jobs.Count);
    }

    public void Dispose() => _inputs.Dispose();

    private static void RequireFit(ExperimentPlan plan, string? tokenizerFile)
    {
        var tokenizer = tokenizerFile is null ? plan.Tokenizer.Config() : ModelFile.Config<TokenizerConfig>(tokenizerFile);
        if (PlanValidator.FitProblems(plan, tokenizer).ToList() is { Count: > 0 } problems)
        {
            throw new InvalidDataException(
                $"The experiment does not fit {(tokenizerFile is null ? "its tokenizer" : tokenizerFile)}: {string.Join("; ", problems)}.");
        }
    }

    /// <summary>All jobs but those left for another time, and those that would wait for them.</summary>
    private List<ExperimentJob> Asked()
    {
        var asked = new List<ExperimentJob>();
        bool IsThere(ExperimentJob need) => asked.Contains(need) || new JobFolder(_options.Output, need).IsFinished;
        foreach (var job in _graph.Jobs) // each after what it needs
        {
            if (!_options.Without.Any(prefix => job.Name.StartsWith(prefix, StringComparison.Ordinal)) && job.Needs.All(IsThere))
            {
                asked.Add(job);
            }
        }

        return asked;
    }
}
