using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Loading;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// The stages around the coarse one: VQ encode of pictures, the fine pass and VQ decode. Images wait in a line before each stage. A step runs at most one batch
/// of each stage, so that its work does not grow with the number of waiting images. Call from the device thread only.
/// </summary>
internal sealed class LaterStages : IDisposable
{
    private static readonly TimeSpan NoBudget = TimeSpan.MaxValue;

    private readonly FineStage? _fineStage;
    private readonly LaterStage _encode;
    private readonly LaterStage? _fine;
    private readonly LaterStage _decode;
    private readonly Action<RunningImage> _edited;
    private readonly List<GenerationOutcome> _ended = []; // not taken yet; kept if a later stage throws

    /// <param name="parts">Not disposed.</param>
    /// <param name="edited">Receives the images of which only a part is kept, with their kept tokens.</param>
    public LaterStages(LoadedModel parts, Action<RunningImage> edited)
    {
        _edited = edited;
        var encode = new VqEncodeStage(parts.Tokenizer, parts.Clusters, (parts.VqDecoder.GridWidth, parts.VqDecoder.GridHeight), parts.Device);
        var decode = new VqDecodeStage(parts.VqDecoder);
        _fineStage = parts.Fine is null ? null : new FineStage(parts.Fine, parts.Clusters);
        _encode = new LaterStage("VQ encode", VqEncodeStage.Capacity, _ => 1, encode.Run);
        _fine = _fineStage is null ? null : new LaterStage("the fine pass", _fineStage.Capacity, FineStage.RowsOf, _fineStage.Run);
        _decode = new LaterStage("VQ decode", decode.ImagesAtOnce, _ => 1, (batch, cancellation) => Decode(decode, batch, cancellation));
    }

    /// <summary>
    /// Returns true if more images of at least this priority are waiting with a layout than one step can take. Decode steps should then pause, or the lines
    /// would grow.
    /// </summary>
    public bool IsBehind(ImagePriority lowest) => CountOf(_fine, lowest) + _decode.CountOf(lowest) > VqDecodeStage.Capacity;

    /// <summary>Returns true if images of at least this priority are waiting.</summary>
    public bool HasWork(ImagePriority lowest) => _encode.CountOf(lowest) + CountOf(_fine, lowest) + _decode.CountOf(lowest) > 0;

    /// <summary>Adds an image with a complete layout.</summary>
    public void AddLayout(RunningImage image)
    {
        if (_fine is null)
        {
            image.SetTokens(image.CoarseLabels, hasFineStage: false);
        }

        (_fine ?? _decode).Add(image);
    }

    /// <summary>Adds an image with a picture to be encoded.</summary>
    public void AddPicture(RunningImage image) => _encode.Add(image);

    /// <summary>Adds an image that failed elsewhere to those that have ended.</summary>
    public void End(GenerationOutcome failed) => _ended.Add(failed);

    public void Remove(long id)
    {
        _encode.Remove(id);
        _fine?.Remove(id);
        _decode.Remove(id);
        _ended.RemoveAll(outcome => outcome.Id == id);
    }

    /// <summary>Encodes one batch of pictures.</summary>
    /// <returns>The report with this work added.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; images that are not encoded stay in their line.</exception>
    public StepReport Encode(StepReport report, ImagePriority lowest, CancellationToken cancellation) => RunEncode(report, lowest, NoBudget, cancellation);

    /// <summary>Runs the fine pass of one batch, then VQ decode of one batch.</summary>
    /// <returns>The report with this work added.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; images that have not ended stay in their line.</exception>
    public StepReport Finish(StepReport report, ImagePriority lowest, CancellationToken cancellation) =>
        RunDecode(RunFine(report, lowest, NoBudget, cancellation), lowest, NoBudget, cancellation);

    /// <summary>Runs one batch of a single stage, so that the step is short. Images that are nearer to their end go first, but a batch may form.</summary>
    /// <param name="budget">Time that a batch of more than one image may take.</param>
    /// <returns>The report with this work added.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; images that have not ended stay in their line.</exception>
    public StepReport RunOne(StepReport report, ImagePriority lowest, TimeSpan budget, CancellationToken cancellation) =>
        CountOf(_fine, lowest) > 0 ? RunFine(report, lowest, budget, cancellation)
        : _decode.CountOf(lowest) > 0 ? RunDecode(report, lowest, budget, cancellation)
        : RunEncode(report, lowest, budget, cancellation);

    /// <summary>Returns the images that ended since the last call.</summary>
    public GenerationOutcome[] TakeEnded()
    {
        if (_ended.Count == 0)
        {
            return []; // the usual case; allocates nothing
        }

        var ended = _ended.ToArray();
        _ended.Clear();
        return ended;
    }

    public void Dispose() => _fineStage?.Dispose();

    private static int CountOf(LaterStage? stage, ImagePriority lowest) => stage?.CountOf(lowest) ?? 0;

    private StepReport RunEncode(StepReport report, ImagePriority lowest, TimeSpan budget, CancellationToken cancellation)
    {
        if (_encode.CountOf(lowest) == 0)
        {
            return report;
        }

        var (work, splits) = _encode.Run(lowest, budget, Encoded, _ended.Add, cancellation);
        return report with { VqEncode = work, Splits = report.Splits + splits };
    }

    private StepReport RunFine(StepReport report, ImagePriority lowest, TimeSpan budget, CancellationToken cancellation)
    {
        if (CountOf(_fine, lowest) == 0)
        {
            return report;
        }

        var (work, splits) = _fine!.Run(lowest, budget, _decode.Add, _ended.Add, cancellation);
        return report with { Fine = work, Splits = report.Splits + splits };
    }

    private StepReport RunDecode(StepReport report, ImagePriority lowest, TimeSpan budget, CancellationToken cancellation)
    {
        if (_decode.CountOf(lowest) == 0)
        {
            return report;
        }

        var (work, splits) = _decode.Run(lowest, budget, static _ => { }, _ended.Add, cancellation);
        return report with { VqDecode = work, Splits = report.Splits + splits };
    }

    private void Encoded(RunningImage image)
    {
        if (image.Specification.DrawsLayout)
        {
            _edited(image);
        }
        else
        {
            AddLayout(image);
        }
    }

    private void Decode(VqDecodeStage stage, IReadOnlyList<RunningImage> batch, CancellationToken cancellation)
    {
        var pictures = stage.Run([.. batch.Select(image => image.Tokens)], cancellation);
        var done = Stopwatch.GetTimestamp();
        _ended.AddRange([.. batch.Zip(pictures, (image, picture) => new GenerationOutcome(
            image.Id,
            new GeneratedImage(image.Specification, image.Join(picture), image.CoarseLabels, image.Tokens, image.Timings(done))
            {
                DecodeSteps = image.DecodeSteps,
            }))]); // all or none: a batch that fails runs again in parts
    }
}
