using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Loading;
using CtfService.Model.Memory;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// Runs images through all stages: coarse labels step by step (or given, or VQ encoded from a picture), tokens in one pass, pixels. Images join and leave
/// between steps; each stage batches the images that have reached it (<see cref="LaterStages"/>). A plain LlamaGen model has no fine stage: its coarse labels
/// are the tokens. Call every method from the thread that loaded the model.
/// </summary>
public sealed class CtfImageGenerator : IImageGenerator
{
    private readonly LoadedModel _parts;
    private readonly ICoarseStage _coarse;
    private readonly LaterStages _later;
    private readonly PreviewStage _previews;
    private readonly HashSet<long> _ids = [];

    internal CtfImageGenerator(LoadedModel parts)
    {
        _parts = parts;
        _coarse = parts.Coarse;
        _later = new LaterStages(parts);
        _previews = new PreviewStage(new CentroidDecoder(parts.VqDecoder, parts.Clusters), Model.TokenCount);
    }

    public ModelDescription Model => _parts.Description;

    public int FreeRows => _coarse.FreeRows;

    public int ImageCount => _ids.Count;

    public StepReport LastStep { get; private set; }

    /// <inheritdoc/>
    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null)
    {
        ImageCheck.Require(image, Model);
        if (image.Rows > FreeRows)
        {
            throw new ArgumentException(
                $"The image takes {image.Rows} rows, but {FreeRows} are free. Wait for other images to finish, or raise Inference:MaxBatchRows.",
                nameof(image));
        }

        if (!_ids.Add(id)) // first, so that Remove finds the image if a stage throws
        {
            throw new ArgumentException($"Image id {id} is already in use.", nameof(id));
        }

        var running = Place(id, image);
        if (previews is not null)
        {
            _previews.Add(running, previews);
        }
    }

    /// <inheritdoc/>
    public void Remove(long id)
    {
        if (!_ids.Remove(id))
        {
            return;
        }

        _previews.Remove(id);
        if (!_coarse.Remove(id))
        {
            _later.Remove(id);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        LastStep = default;
        cancellation.ThrowIfCancellationRequested();
        if (_coarse.Count > 0 && !_later.IsBehind)
        {
            _later.AddLayouts(StepCoarse());
        }

        LastStep = _later.Encode(LastStep, cancellation);
        LastStep = LastStep with { Splits = LastStep.Splits + _previews.ShowDue(_coarse, cancellation) };
        LastStep = _later.Finish(LastStep, cancellation);
        return TakeEnded();
    }

    public void Dispose()
    {
        _later.Dispose();
        _parts.Dispose();
    }

    /// <summary>Adds the image to the stage that its layout starts in.</summary>
    private RunningImage Place(long id, ImageSpecification specification)
    {
        if (specification.Layout == LayoutSource.Drawn)
        {
            return _coarse.Add(id, specification);
        }

        var image = new RunningImage(id, specification, Model.TokenCount);
        if (specification.Layout is LayoutSource.Given given)
        {
            image.SetLayout([.. given.CoarseLabels]);
            _later.AddLayouts([image]);
        }
        else
        {
            _later.AddPicture(image);
        }

        return image;
    }

    private IReadOnlyList<RunningImage> StepCoarse()
    {
        try
        {
            var (rows, taken, started) = (_coarse.Rows, _coarse.Rows - FreeRows, Stopwatch.GetTimestamp());
            var finished = _coarse.Step();
            LastStep = new StepReport(taken, Stopwatch.GetElapsedTime(started), Splits: _coarse.Rows < rows ? 1 : 0);
            return finished;
        }
        catch (Exception error) when (MemoryFault.Is(error))
        {
            throw new OutOfDeviceMemoryException($"The device ran out of memory during a decode step of {_coarse.Count} images; fewer may fit.", error);
        }
    }

    private GenerationOutcome[] TakeEnded()
    {
        var ended = _later.TakeEnded();
        foreach (var outcome in ended)
        {
            _ids.Remove(outcome.Id);
            _previews.Remove(outcome.Id);
        }

        return ended;
    }
}
