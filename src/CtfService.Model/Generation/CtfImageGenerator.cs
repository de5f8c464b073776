using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Loading;
using CtfService.Model.Memory;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// Runs images through all stages: coarse labels step by step (or given, or VQ encoded from a picture, as a whole or in part), tokens in one pass, pixels.
/// Images join and leave between steps; each stage batches the images that have reached it (<see cref="LaterStages"/>). A plain LlamaGen model has no fine
/// stage: its coarse labels are the tokens. Call every method from the thread that loaded the model.
/// </summary>
public sealed class CtfImageGenerator : IImageGenerator
{
    /// <summary>
    /// Duration of a batch of a later stage in a step that no interactive image is part of, in decode steps. A whole batch would be a tenth faster, but an
    /// interactive image that arrives would wait for it.
    /// </summary>
    private const int ShortBatchSteps = 8;

    private readonly LoadedModel _parts;
    private readonly ICoarseStage _coarse;
    private readonly EditEntrance _edits = new();
    private readonly LaterStages _later;
    private readonly PreviewStage _previews;
    private readonly Dictionary<long, ImagePriority> _priorities = []; // of the admitted images, by id
    private readonly int[] _counts = new int[(int)ImagePriority.Bulk + 1]; // of the admitted images, by priority
    private readonly Action<RunningImage, Exception> _fail; // Fail, as one object for all steps
    private MovingAverage _decodeStep;

    internal CtfImageGenerator(LoadedModel parts)
    {
        _parts = parts;
        _coarse = parts.Coarse;
        _fail = Fail;
        _later = new LaterStages(parts, _edits.AddEncoded);
        _previews = new PreviewStage(new CentroidDecoder(parts.VqDecoder, parts.Clusters));
    }

    public ModelDescription Model => _parts.Description;

    public int FreeRows => _coarse.FreeRows - _edits.Rows;

    public int ImageCount => _priorities.Count;

    public StepReport LastStep { get; private set; }

    /// <summary>The highest priority of the admitted images; <see cref="ImagePriority.Interactive"/> without any.</summary>
    private ImagePriority Highest => _priorities.Count == 0 ? ImagePriority.Interactive : (ImagePriority)Array.FindIndex(_counts, static count => count > 0);

    /// <inheritdoc/>
    public int RowsBelow(ImagePriority priority) => RowsOf(ImagePriority.Bulk) - RowsOf(priority);

    /// <inheritdoc/>
    public void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive)
    {
        ImageCheck.Require(image, Model, _parts.Clusters);
        if (image.Rows > FreeRows)
        {
            throw new ArgumentException(
                $"The image takes {image.Rows} rows, but {FreeRows} are free. Wait for other images to finish, or raise Inference:MaxBatchRows.",
                nameof(image));
        }

        if (!_priorities.TryAdd(id, priority)) // first, so that Remove finds the image if a stage throws
        {
            throw new ArgumentException($"Image id {id} is already in use.", nameof(id));
        }

        _counts[(int)priority]++;
        var running = Place(id, image, priority);
        if (previews is not null)
        {
            _previews.Add(running, previews);
        }
    }

    /// <inheritdoc/>
    public void Remove(long id)
    {
        if (Forget(id))
        {
            RemoveFromStages(id);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        LastStep = default;
        cancellation.ThrowIfCancellationRequested();
        var highest = Highest;
        if (highest <= ImagePriority.Interactive)
        {
            AdvanceAll(highest, cancellation);
        }
        else
        {
            AdvanceBriefly(highest, cancellation);
        }

        return TakeEnded();
    }

    public void Dispose()
    {
        _later.Dispose();
        _parts.Dispose();
    }

    /// <summary>Runs every stage of the images of at least this priority; the others pause.</summary>
    private void AdvanceAll(ImagePriority lowest, CancellationToken cancellation)
    {
        _edits.EnterInto(_coarse, lowest);
        if (CoarseLevel(lowest) is { } level && !_later.IsBehind(lowest))
        {
            StepCoarse(level);
        }

        LastStep = _later.Encode(LastStep, lowest, cancellation);
        LastStep = LastStep with { Splits = LastStep.Splits + _previews.ShowDue(_coarse, _fail, cancellation) };
        LastStep = _later.Finish(LastStep, lowest, cancellation);
    }

    /// <summary>Runs one stage only and a small batch, because an interactive image that arrives waits for the end of the step.</summary>
    private void AdvanceBriefly(ImagePriority lowest, CancellationToken cancellation)
    {
        _edits.EnterInto(_coarse, lowest);
        if (_later.HasWork(lowest))
        {
            LastStep = _later.RunOne(LastStep, lowest, _decodeStep.Value * ShortBatchSteps, cancellation);
        }
        else if (CoarseLevel(lowest) is { } level)
        {
            StepCoarse(level);
        }

        LastStep = LastStep with { Splits = LastStep.Splits + _previews.ShowDue(_coarse, _fail, cancellation) };
    }

    /// <summary>
    /// Returns the lowest priority of the images that take a decode step, null for no step. Images that would pause go on if an edit waits for their rows.
    /// </summary>
    private ImagePriority? CoarseLevel(ImagePriority lowest)
    {
        if (_coarse.CountOf(lowest) > 0)
        {
            return _coarse.StepsAllRows ? ImagePriority.Bulk : lowest;
        }

        return _coarse.Count > 0 && _edits.WaitForRows(lowest) ? ImagePriority.Bulk : null;
    }

    /// <summary>Adds the image to the stage that its layout starts in.</summary>
    private RunningImage Place(long id, ImageSpecification specification, ImagePriority priority)
    {
        var image = new RunningImage(id, specification, Model.TokenCount) { Priority = priority };
        switch (specification.Layout)
        {
            case LayoutSource.Given given:
                image.SetLayout([.. given.CoarseLabels]);
                _later.AddLayout(image);
                break;
            case LayoutSource.Encoded:
                _later.AddPicture(image);
                break;
            case LayoutSource.Edited { Mask.IsFull: false }:
                _edits.Promise(image);
                _later.AddPicture(image);
                break;
            default:
                _coarse.Add(image);
                break;
        }

        return image;
    }

    private void RemoveFromStages(long id)
    {
        if (!_coarse.Remove(id))
        {
            _edits.Remove(id); // before it enters the coarse stage
            _later.Remove(id);
        }
    }

    /// <summary>Returns the rows that images of at least this priority occupy or will occupy.</summary>
    private int RowsOf(ImagePriority lowest) => _coarse.RowsOf(lowest) + _edits.RowsOf(lowest);

    private void StepCoarse(ImagePriority lowest)
    {
        try
        {
            var (rows, count, started) = (_coarse.Rows, _coarse.CountOf(lowest), Stopwatch.GetTimestamp());
            var (finished, repeatedAfter) = StepOrRepeat(lowest);
            LastStep = new StepReport(_coarse.LastStepRows, Stopwatch.GetElapsedTime(started), Splits: _coarse.Rows < rows ? 1 : 0)
            {
                Decode = _coarse.LastStepWork,
                RepeatedAfter = repeatedAfter,
            };
            _decodeStep.Add(LastStep.DecodeTime);
            foreach (var image in finished)
            {
                _later.AddLayout(image);
            }

            foreach (var image in _coarse.Failed)
            {
                _later.End(new GenerationOutcome(image.Id, Image: null, image.Fault) { OthersWorked = _coarse.Failed.Count < count });
            }
        }
        catch (Exception error) when (MemoryFault.Is(error))
        {
            throw new OutOfDeviceMemoryException(
                $"The device ran out of memory during a decode step of {_coarse.CountOf(lowest)} images; fewer may fit.", error);
        }
    }

    /// <summary>
    /// Steps the coarse stage. If that throws, steps it once more: keys and values are stored by position, so a repeated step gives the same labels, and an
    /// error that does not return costs no image. A step that does not fit in memory is not repeated.
    /// </summary>
    /// <returns>The complete images, and the error of the first try if there was a second one.</returns>
    private (IReadOnlyList<RunningImage> Finished, Exception? RepeatedAfter) StepOrRepeat(ImagePriority lowest)
    {
        try
        {
            return (_coarse.Step(lowest), null);
        }
        catch (Exception error) when (!MemoryFault.Is(error))
        {
            return (_coarse.Step(lowest), error);
        }
    }

    /// <summary>Ends an image that failed alone outside the stages.</summary>
    private void Fail(RunningImage image, Exception error)
    {
        RemoveFromStages(image.Id);
        _later.End(new GenerationOutcome(image.Id, Image: null, error) { OthersWorked = ImageCount > 1 });
    }

    private GenerationOutcome[] TakeEnded()
    {
        var ended = _later.TakeEnded();
        foreach (var outcome in ended)
        {
            Forget(outcome.Id);
        }

        return ended;
    }

    /// <summary>Removes what is kept of an image outside the stages. Returns false if there is no such image.</summary>
    private bool Forget(long id)
    {
        if (!_priorities.Remove(id, out var priority))
        {
            return false;
        }

        _counts[(int)priority]--;
        _previews.Remove(id);
        _edits.Remove(id); // an edit whose picture could not be encoded still has the rows that were promised to it
        return true;
    }
}
