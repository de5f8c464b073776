using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Memory;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// A stage after the coarse one and the line of images before it. An image leaves the line when its batch has run. Call from the device thread only.
/// </summary>
/// <param name="name">Name of the stage in the error of an image that does not fit alone.</param>
/// <param name="capacity">Maximum number of rows of a batch.</param>
/// <param name="rowsOf">Returns the rows of an image in a batch.</param>
/// <param name="run">Runs a batch; must have no effect if it throws.</param>
internal sealed class LaterStage(
    string name, int capacity, Func<RunningImage, int> rowsOf, Action<IReadOnlyList<RunningImage>, CancellationToken> run)
{
    private readonly ImageLine _line = new();
    private MovingAverage _costOfImage;

    /// <inheritdoc cref="ImageLine.CountOf"/>
    public int CountOf(ImagePriority lowest) => _line.CountOf(lowest);

    public void Add(RunningImage image) => _line.Add(image);

    public void Remove(long id) => _line.Remove(id);

    /// <summary>Runs one batch: the first images of at least a priority that fit.</summary>
    /// <param name="lowest">At least one image of the line must have this priority or a higher one.</param>
    /// <param name="budget">Time that the batch should take at most if it has more than one image.</param>
    /// <param name="passed">Receives the images that went through.</param>
    /// <param name="failed">Receives the images that fail alone.</param>
    /// <returns>The work, and the number of batches that were halved because they did not fit.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; images that did not go through stay in the line.</exception>
    public (StageWork Work, int Splits) Run(
        ImagePriority lowest, TimeSpan budget, Action<RunningImage> passed, Action<GenerationOutcome> failed, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var batch = FirstThatFit(lowest, budget);
        var faults = new List<(RunningImage Image, Exception Error)>();
        var splits = BatchHalving.Run(
            batch, part => run(part, cancellation), part => Pass(part, passed), (image, fault) => faults.Add((image, fault)));
        foreach (var (image, fault) in faults)
        {
            failed(Fail(image, fault) with { OthersWorked = faults.Count < batch.Count });
        }

        var work = new StageWork(batch.Count, Stopwatch.GetElapsedTime(started));
        _costOfImage.Add(work.Elapsed / work.Images);
        return (work, splits);
    }

    private List<RunningImage> FirstThatFit(ImagePriority lowest, TimeSpan budget)
    {
        var (batch, rows) = (new List<RunningImage>(), 0);
        foreach (var image in _line.Of(lowest))
        {
            rows += rowsOf(image);
            if (rows > capacity || (batch.Count > 0 && (batch.Count + 1) * _costOfImage.Value > budget))
            {
                break;
            }

            batch.Add(image);
        }

        return batch;
    }

    private void Pass(IReadOnlyList<RunningImage> batch, Action<RunningImage> passed)
    {
        foreach (var image in batch)
        {
            _line.Remove(image.Id);
            passed(image);
        }
    }

    private GenerationOutcome Fail(RunningImage image, Exception fault)
    {
        _line.Remove(image.Id);
        return new GenerationOutcome(image.Id, Image: null, !MemoryFault.Is(fault) ? fault : new OutOfDeviceMemoryException(
            $"The device has too little free memory for {name} of one image. Lower Inference:MaxBatchRows, or free memory on the device.", fault));
    }
}
