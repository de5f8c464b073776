using CtfService.Model.Loading;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// Trains a task: AdamW with weight decay on matrices only, warm-up and cosine schedule, gradient clipping, moving average of the weights, checkpoints.
/// A run that is interrupted and resumed on the same device gives the same weights as an uninterrupted one.
/// </summary>
public sealed class TrainingLoop
{
    private readonly TrainingOptions _options;
    private readonly ITrainingTask _task;
    private readonly ITrainingProgress _progress;
    private readonly Action<long>? _snapshot;

    /// <param name="snapshot">Called after each step of <see cref="TrainingOptions.SnapshotSteps"/> with the averaged weights in the module.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public TrainingLoop(TrainingOptions options, ITrainingTask task, ITrainingProgress progress, Action<long>? snapshot = null)
    {
        if (options.Problems().ToList() is { Count: > 0 } problems)
        {
            throw new ArgumentException($"{string.Join("; ", problems)}.", nameof(options));
        }

        _options = options;
        _task = task;
        _progress = progress;
        _snapshot = snapshot;
    }

    /// <summary>Returns the path of a run's metrics file.</summary>
    public static string MetricsPath(string runDirectory) => Path.Combine(runDirectory, "metrics.jsonl");

    /// <summary>
    /// Runs to the last step, from the run's checkpoint if <paramref name="resume"/> is set and a checkpoint exists. Saves a checkpoint when it is cancelled,
    /// and when a batch cannot be read or does not fit into memory. The module holds the averaged weights afterwards.
    /// </summary>
    /// <exception cref="OperationCanceledException">The run was cancelled; it can be resumed.</exception>
    /// <exception cref="Core.Models.CheckpointException">The checkpoint was made from other inputs than this run.</exception>
    /// <exception cref="TrainingDivergedException">A loss or a gradient is not finite; the last checkpoint is kept.</exception>
    /// <exception cref="StepMemoryException">A step does not fit into memory; a checkpoint of the steps before is saved.</exception>
    public void Run(bool resume, CancellationToken cancellation)
    {
        using var exact = ReproducibleCuda.On(_options.Device);
        using var optimizer = new WeightOptimizer(
            _task.Module, _options.WeightDecay, _options.MaxGradientNorm, _options.Beta1, _options.Beta2);
        using var average = new WeightAverage(_task.Module);
        using var step = new TrainingStep(_options, _task, optimizer, average, Remedy);
        var best = new BestWeights(_options, _task.Module);
        var checkpoint = new TrainingCheckpoint(_options, _task.Module, optimizer, average);
        var first = resume && checkpoint.Exists ? checkpoint.Load() : 0;
        using var metrics = MetricsFile.Open(MetricsPath(_options.RunDirectory), first);
        var events = EventFile.Open(_options.RunDirectory, first);
        var pace = new TrainingPace(first, _options.Steps, _options.BatchSize) { Work = _task.Work, PeakFlops = _options.PeakFlops };
        var meter = new TrainingMeter(new CombinedProgress(_progress, metrics, events), pace);
        Open(first, best);
        // A run that was killed during an evaluation, or that has stopped early, evaluates and decides again.
        var ended = _options.EarlyStop is not null && first > 0 && EvaluatesAt(first) && Evaluate(first, average, meter, best);
        var finished = first;
        while (!ended && finished < _options.Steps)
        {
            Train(finished, step, meter, checkpoint, cancellation);
            finished++;
            Snapshot(finished, average);
            if (finished % _options.CheckpointEvery == 0)
            {
                checkpoint.Save(finished);
            }

            ended = EvaluatesAt(finished) && Evaluate(finished, average, meter, best);
            Sample(finished, average, meter);
        }

        checkpoint.Save(finished);
        StoreAverage(average);
        if (_options.EarlyStop is not null && best.Step is { } bestStep && bestStep != finished)
        {
            best.Restore();
            var stopped = finished < _options.Steps ? $"Stopped early at step {finished}: the" : "The";
            _progress.Note($"{stopped} best evaluation was at step {bestStep}, and its weights are the result.");
        }
    }

    private void Open(long first, BestWeights best)
    {
        RunHistory.Add(_options, first, _progress.Note);
        if (first == 0)
        {
            BestWeights.Delete(_options.RunDirectory);
            return;
        }

        best.Open();
        _progress.Note(first < _options.Steps ? $"Resumes after step {first}." : $"All {first} steps are finished.");
    }

    private void Snapshot(long finishedSteps, WeightAverage average)
    {
        if (_snapshot is not null && _options.SnapshotSteps.Contains(finishedSteps))
        {
            average.With(() => _snapshot(finishedSteps));
        }
    }

    private bool EvaluatesAt(long finishedSteps) => finishedSteps % _options.EvaluateEvery == 0 || finishedSteps == _options.Steps;

    private bool SamplesAt(long finishedSteps) =>
        _options.SampleEvery is { } steps ? finishedSteps % steps == 0 || finishedSteps == _options.Steps : EvaluatesAt(finishedSteps);

    /// <summary>Whether the losses of a step are fetched and checked: before anything of it is reported or kept.</summary>
    private bool FetchesAt(long finishedSteps, TrainingMeter meter) =>
        finishedSteps % (_options.FetchEvery ?? (_options.Device.type == TorchSharp.DeviceType.CPU ? 1 : long.MaxValue)) == 0
        || meter.ReportsAt(finishedSteps) || finishedSteps % _options.CheckpointEvery == 0
        || EvaluatesAt(finishedSteps) || SamplesAt(finishedSteps) || _options.SnapshotSteps.Contains(finishedSteps);

    /// <summary>Runs a step, or saves a checkpoint if cancelled.</summary>
    private void Train(long step, TrainingStep training, TrainingMeter meter, TrainingCheckpoint checkpoint, CancellationToken cancellation)
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var figures = training.Run(step, FetchesAt(step + 1, meter));
            if (figures is not null)
            {
                meter.StepFinished(step + 1, () => figures.Losses, new Dictionary<string, double>
                {
                    [TrainingReport.LearningRate] = _options.LearningRateAt(step),
                    [TrainingReport.GradientNorm] = figures.GradientNorm,
                });
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // A step is cancelled only while it waits for its batch, so nothing has changed yet.
            training.Check();
            checkpoint.Save(step);
            throw new WorkStoppedException(Stopped(step), cancellation);
        }
        catch (Exception error) when (IsOutside(error) && training.HasIntactWeights)
        {
            training.Check();
            checkpoint.Save(step);
            _progress.Note($"Stopped at an error after {step} of {_options.Steps} steps; the checkpoint is saved in {_options.RunDirectory}.");
            throw;
        }
    }

    /// <summary>Returns whether an error comes from storage or memory, so that the training can go on when that is mended.</summary>
    private static bool IsOutside(Exception error) =>
        error is IOException or UnauthorizedAccessException or StepMemoryException or Core.Models.CheckpointException or Data.DatasetException;

    /// <returns>Whether the run should stop early.</returns>
    private bool Evaluate(long finishedSteps, WeightAverage average, TrainingMeter meter, BestWeights best) => Measure(average, () =>
    {
        var figures = meter.Evaluate(finishedSteps, _task.Evaluate);
        return _task.CostOf(figures) is { } cost && best.Consider(finishedSteps, cost);
    });

    private void Sample(long finishedSteps, WeightAverage average, TrainingMeter meter)
    {
        if (!SamplesAt(finishedSteps))
        {
            return;
        }

        var path = Path.Combine(_options.RunDirectory, "samples", $"{finishedSteps:D7}");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        meter.Pause(() => Measure(average, () =>
        {
            _task.Sample(path);
            return true;
        }));
    }

    /// <summary>Runs an action with the averaged weights in the module, in evaluation mode.</summary>
    private T Measure<T>(WeightAverage average, Func<T> action)
    {
        using var scope = NewDisposeScope();
        _task.Module.eval();
        return average.With(action);
    }

    private string Stopped(long step) =>
        $"Stopped after {step} of {_options.Steps} steps; the checkpoint is saved in {_options.RunDirectory}.";

    private string Remedy()
    {
        var saved = TrainingCheckpoint.FinishedSteps(_options.RunDirectory);
        var kept = saved == 0 ? "There is no earlier checkpoint." : $"The checkpoint of step {saved} is kept.";
        return FormattableString.Invariant($"{kept} Train again with a learning rate below {_options.LearningRate}, and check for damaged images.");
    }

    private void StoreAverage(WeightAverage average)
    {
        using var frozen = no_grad();
        foreach (var (name, weight) in _task.Module.state_dict())
        {
            weight.copy_(average.Averages[name]);
        }

        _task.Module.eval();
    }
}
