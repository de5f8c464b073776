using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Loading;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// The stages around the coarse one: VQ encode of pictures, the fine pass and VQ decode. Images wait in a line before each stage. A step runs at most one batch
/// of each stage, so that its work does not grow with the number of waiting images. An image leaves its line when its batch has run. Call from the device
/// thread only.
/// </summary>
internal sealed class LaterStages : IDisposable
{
    private readonly VqEncodeStage _encode;
    private readonly FineStage? _fine;
    private readonly VqDecodeStage _decode;
    private readonly List<RunningImage> _beforeEncode = [];
    private readonly List<RunningImage> _beforeFine = [];
    private readonly List<RunningImage> _beforeDecode = [];
    private readonly List<GenerationOutcome> _ended = []; // not taken yet; kept if a later stage throws

    /// <param name="parts">Not disposed.</param>
    public LaterStages(LoadedModel parts)
    {
        _encode = new VqEncodeStage(parts.Tokenizer, parts.Clusters, parts.Description.TokenCount, parts.Device);
        _fine = parts.Fine is null ? null : new FineStage(parts.Fine, parts.Clusters);
        _decode = new VqDecodeStage(parts.VqDecoder);
    }

    /// <summary>True if more images with a layout are waiting than one step can take. Decode steps should then pause, or the lines would grow.</summary>
    public bool IsBehind => _beforeFine.Count + _beforeDecode.Count > VqDecodeStage.Capacity;

    /// <summary>Adds images with complete layouts.</summary>
    public void AddLayouts(IReadOnlyList<RunningImage> images) => _beforeFine.AddRange(images);

    /// <summary>Adds an image with a layout to be encoded from its picture.</summary>
    public void AddPicture(RunningImage image) => _beforeEncode.Add(image);

    public void Remove(long id)
    {
        foreach (var line in (List<RunningImage>[])[_beforeEncode, _beforeFine, _beforeDecode])
        {
            line.RemoveAll(image => image.Id == id);
        }

        _ended.RemoveAll(outcome => outcome.Id == id);
    }

    /// <summary>Encodes one batch of pictures.</summary>
    /// <returns>The report with this work added.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; images that are not encoded stay in their line.</exception>
    public StepReport Encode(StepReport report, CancellationToken cancellation) => _beforeEncode.Count == 0 ? report : RunEncode(report, cancellation);

    /// <summary>Runs the fine pass of one batch, then VQ decode of one batch.</summary>
    /// <returns>The report with this work added.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; images that have not ended stay in their line.</exception>
    public StepReport Finish(StepReport report, CancellationToken cancellation)
    {
        report = _beforeFine.Count == 0 ? report : RunFine(report, cancellation);
        return _beforeDecode.Count == 0 ? report : RunDecode(report, cancellation);
    }

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

    public void Dispose() => _fine?.Dispose();

    private StepReport RunEncode(StepReport report, CancellationToken cancellation)
    {
        var stage = new Stage("VQ encode", _beforeEncode, _beforeFine, batch => _encode.Run(batch, cancellation));
        var work = Run(stage, FirstThatFit(_beforeEncode, _ => 1, VqEncodeStage.Capacity), ref report);
        return report with { VqEncode = work };
    }

    private StepReport RunFine(StepReport report, CancellationToken cancellation)
    {
        if (_fine is null)
        {
            _beforeFine.ForEach(image => image.SetTokens(image.CoarseLabels, hasFineStage: false));
            _beforeDecode.AddRange(_beforeFine);
            _beforeFine.Clear();
            return report;
        }

        var stage = new Stage("the fine pass", _beforeFine, _beforeDecode, batch => _fine.Run(batch, cancellation));
        var work = Run(stage, FirstThatFit(_beforeFine, FineStage.RowsOf, _fine.Capacity), ref report);
        return report with { Fine = work };
    }

    private StepReport RunDecode(StepReport report, CancellationToken cancellation)
    {
        var stage = new Stage("VQ decode", _beforeDecode, Next: null, batch => Decode(batch, cancellation));
        var work = Run(stage, FirstThatFit(_beforeDecode, _ => 1, _decode.ImagesAtOnce), ref report);
        return report with { VqDecode = work };
    }

    private void Decode(IReadOnlyList<RunningImage> batch, CancellationToken cancellation)
    {
        var pictures = _decode.Run([.. batch.Select(image => image.Tokens)], cancellation);
        var done = Stopwatch.GetTimestamp();
        foreach (var (image, picture) in batch.Zip(pictures))
        {
            _ended.Add(new GenerationOutcome(
                image.Id, new GeneratedImage(image.Specification, picture, image.CoarseLabels, image.Tokens, image.Timings(done))));
        }
    }

    private static List<RunningImage> FirstThatFit(List<RunningImage> line, Func<RunningImage, int> rowsOf, int capacity)
    {
        var rows = 0;
        return [.. line.TakeWhile(image => (rows += rowsOf(image)) <= capacity)];
    }

    private StageWork Run(Stage stage, List<RunningImage> batch, ref StepReport report)
    {
        var started = Stopwatch.GetTimestamp();
        var splits = BatchHalving.Run(batch, stage.Advance, (image, fault) => _ended.Add(stage.Fail(image, fault)));
        report = report with { Splits = report.Splits + splits };
        return new StageWork(batch.Count, Stopwatch.GetElapsedTime(started));
    }

    /// <param name="Line">The images that wait for the stage.</param>
    /// <param name="Next">The line of the next stage; null after the last one.</param>
    private sealed record Stage(string Name, List<RunningImage> Line, List<RunningImage>? Next, Action<IReadOnlyList<RunningImage>> Run)
    {
        /// <param name="batch">The first images of the line.</param>
        public void Advance(IReadOnlyList<RunningImage> batch)
        {
            Run(batch);
            Line.RemoveRange(0, batch.Count);
            Next?.AddRange(batch);
        }

        public GenerationOutcome Fail(RunningImage image, Exception fault)
        {
            Line.Remove(image);
            return new GenerationOutcome(image.Id, Image: null, new OutOfDeviceMemoryException(
                $"The device has too little free memory for {Name} of one image. Lower Inference:MaxBatchRows, or free memory on the device.", fault));
        }
    }
}
