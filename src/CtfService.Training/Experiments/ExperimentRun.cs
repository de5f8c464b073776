using CtfService.Model.Tokenizer;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Experiments.Report;
using CtfService.Training.Parts;

namespace CtfService.Training.Experiments;

/// <summary>Runs or resumes an experiment, as <c>ctf experiment</c> does.</summary>
public sealed class ExperimentRun : IDisposable
{
    private readonly ExperimentPlan _plan;
    private readonly ExperimentOptions _options;
    private readonly ExperimentGraph _graph;
    private readonly ExperimentInputs _inputs;

    /// <exception cref="InvalidDataException">The plan does not fit the tokenizer, or there is no data set.</exception>
    /// <exception cref="DatasetException">The data set has fewer than two classes.</exception>
    public ExperimentRun(ExperimentPlan plan, ExperimentOptions options, CancellationToken cancellation)
    {
        if (plan.Tokenizer.Published is { } published && options.Tokenizer is null)
        {
            throw new InvalidDataException(
                $"The experiment uses the published tokenizer {published}, which is not trained. Import its file with 'ctf import-tokenizer' into a run, "
                + "and specify the tokenizer of that run with --tokenizer.");
        }

        RequireFit(plan, options.Tokenizer);
        if (!Path.Exists(options.Data))
        {
            throw new InvalidDataException(
                $"There is no data set at '{options.Data}'. Specify a folder or a tar file with train/<class>/<image> and test/<class>/<image>.");
        }

        // A data set with one class fails now, not hours later in the classifier job.
        ClassifierTrainer.RequireSeveralClasses(ImageDatasetReader.Classes(options.Data, ImageDatasetReader.TrainSplit, options.ClassNames));
        _plan = plan;
        _options = options;
        var data = Fingerprints.OfData(options.Data, options.MaxPixels, options.ClassNames, cancellation);
        _graph = new ExperimentGraph(plan, data, options.Tokenizer, options.UseBfloat16);
        _inputs = new ExperimentInputs(options.Data, plan.ImageSize, options.MaxPixels, cancellation)
        {
            ClassNames = options.ClassNames,
            Device = options.Device,
            UseBfloat16 = options.UseBfloat16,
        };
    }

    /// <summary>Opens the training and test images if a job has to run, so that problems with them are reported first.</summary>
    /// <exception cref="DatasetException">The data set cannot be used.</exception>
    public IReadOnlyList<ImageDataset> OpenData() =>
        RequestedJobs().TrueForAll(job => new JobFolder(_options.Output, job).IsFinished) ? [] : [_inputs.Train, _inputs.Test];

    /// <summary>Runs the unfinished jobs.</summary>
    /// <exception cref="InvalidDataException">The output has results that were made with other settings.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; running the experiment again resumes it.</exception>
    public void Run(IExperimentProgress progress, CancellationToken cancellation) =>
        new JobRunner(_options.Output, RequestedJobs(), _inputs, progress, TimeProvider.System).Run(_options.Redo, cancellation);

    /// <summary>Writes the report of the finished jobs.</summary>
    /// <returns>The number of finished jobs and of all jobs.</returns>
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

    /// <summary>Returns all jobs except the skipped ones and those that depend on them.</summary>
    private List<ExperimentJob> RequestedJobs()
    {
        var requested = new List<ExperimentJob>();
        bool IsAvailable(ExperimentJob need) => requested.Contains(need) || new JobFolder(_options.Output, need).IsFinished;
        foreach (var job in _graph.Jobs) // in order of dependency
        {
            if (!_options.Without.Any(prefix => job.Name.StartsWith(prefix, StringComparison.Ordinal)) && job.Needs.All(IsAvailable))
            {
                requested.Add(job);
            }
        }

        return requested;
    }
}
