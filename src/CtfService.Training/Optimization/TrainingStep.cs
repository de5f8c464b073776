using CtfService.Model.Layers;
using CtfService.Model.Memory;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// One step of a run: batch, forward and backward pass of each part, clipping, update, average. It waits for the device only to fetch the losses, which the
/// caller requests at every few steps.
/// </summary>
internal sealed class TrainingStep : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly ITrainingTask _task;
    private readonly WeightOptimizer _optimizer;
    private readonly WeightAverage _average;
    private readonly PendingFigures _pending;
    private bool _changesWeights;

    /// <param name="remedy">Returns advice for a run that diverges.</param>
    public TrainingStep(TrainingOptions options, ITrainingTask task, WeightOptimizer optimizer, WeightAverage average, Func<string> remedy)
    {
        _options = options;
        _task = task;
        _optimizer = optimizer;
        _average = average;
        _pending = new PendingFigures(Path.GetFileName(Path.TrimEndingDirectorySeparator(options.RunDirectory)), remedy);
    }

    /// <summary>Trains one step.</summary>
    /// <param name="step">Counted from 0.</param>
    /// <param name="fetch">Whether to fetch the figures of this step and of those since the last fetch, and to check them before the weights change.</param>
    /// <returns>The figures of this step; null unless fetched.</returns>
    /// <exception cref="TrainingDivergedException">A loss or a gradient of this step or an earlier one is not finite.</exception>
    /// <exception cref="StepMemoryException">The step does not fit into memory.</exception>
    public StepFigures? Run(long step, bool fetch)
    {
        try
        {
            return Train(step, fetch);
        }
        catch (Exception error) when (MemoryFault.Is(error))
        {
            throw FittingBatch.Explain(_options, _task, step, error);
        }
    }

    /// <summary>
    /// Whether the weights are those after the last complete step, although the current one has failed: it did before it changed them.
    /// </summary>
    public bool HasIntactWeights => !_changesWeights;

    /// <summary>Fetches the figures of steps that are still on the device, before their weights are kept.</summary>
    /// <exception cref="TrainingDivergedException">One of them is not finite.</exception>
    public void Check() => _pending.Fetch();

    public void Dispose() => _pending.Dispose();

    private StepFigures? Train(long step, bool fetch)
    {
        using var scope = NewDisposeScope();
        manual_seed((long)(_options.Seed * 1_000_003) + step); // so that dropout does not depend on earlier steps
        _task.Module.train();
        _task.Load(step);
        _optimizer.ClearGradients();
        _pending.Add(step, Backward(step), _optimizer.ClipGradients());
        var figures = fetch ? _pending.Fetch() : null;
        _changesWeights = true;
        _optimizer.Step(_options.LearningRateAt(step));
        using (no_grad())
        {
            _task.AfterStep(step);
        }

        _average.Update(_options.EmaDecayAt(step));
        _changesWeights = false;
        return figures;
    }

    /// <summary>Adds the gradients of all parts and returns the losses of the whole batch.</summary>
    private StepLoss Backward(long step)
    {
        var parts = BatchPart.Split(_options.BatchSize, _options.Accumulate);
        if (parts is [var whole])
        {
            return Backward(step, whole);
        }

        var (total, losses) = (zeros([], device: _options.Device), new Dictionary<string, Tensor>());
        foreach (var part in parts)
        {
            using var scope = NewDisposeScope(); // frees the graph of the part
            var loss = Backward(step, part);
            total.add_(loss.Total.detach(), alpha: part.Share);
            foreach (var (name, value) in loss.Parts)
            {
                if (!losses.TryGetValue(name, out var sum))
                {
                    losses.Add(name, sum = zeros([], device: _options.Device).MoveToOuterDisposeScope());
                }

                sum.add_(value.detach(), alpha: part.Share);
            }
        }

        return new StepLoss(total, losses);
    }

    private StepLoss Backward(long step, BatchPart part)
    {
        StepLoss loss;
        using (new Autocast(_options.ComputeType))
        {
            loss = _task.Forward(step, part);
        }

        (part.IsWhole ? loss.Total : loss.Total * part.Share).backward();
        return loss;
    }
}
