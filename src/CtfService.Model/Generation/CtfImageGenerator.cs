using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Coarse;
using CtfService.Model.Fine;
using CtfService.Model.Memory;
using CtfService.Model.Previews;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Generation;

/// <summary>
/// The whole path of images that come and go: coarse labels step by step (or given, or VQ encoded from a picture), tokens in one pass, pixels. Each stage batches what
/// has reached it. A plain LlamaGen model has no fine stage: its coarse labels are the tokens. Every method belongs to the thread that loaded the model.
/// </summary>
public sealed class CtfImageGenerator : IImageGenerator
{
    private readonly LoadedModel _parts;
    private readonly ICoarseStage _coarse;
    private readonly FineStage? _fine;
    private readonly VqDecodeStage _decode;
    private readonly VqEncodeStage _encode;
    private readonly PreviewStage _previews;
    private readonly HashSet<long> _ids = [];
    private readonly List<CoarseSequence> _beforeEncode = [];
    private readonly List<CoarseSequence> _afterCoarse = [];
    private readonly List<CoarseSequence> _afterFine = [];
    private readonly List<GenerationOutcome> _ended = []; // not returned yet; kept if a stage throws after they ended

    internal CtfImageGenerator(LoadedModel parts)
    {
        _parts = parts;
        _coarse = parts.Coarse;
        _fine = parts.Fine is null ? null : new FineStage(parts.Fine, parts.Clusters);
        _decode = new VqDecodeStage(parts.VqDecoder);
        _encode = new VqEncodeStage(parts.Tokenizer, parts.Clusters, Model.TokenCount, parts.Device);
        _previews = new PreviewStage(new CentroidDecoder(parts.VqDecoder, parts.Clusters), Model.TokenCount);
    }

    public ModelDescription Model => _parts.Description;

    public int FreeRows => _coarse.FreeRows;

    public int ImageCount => _ids.Count;

    public StepReport LastStep { get; private set; }

    /// <inheritdoc/>
    public void Admit(long id, ImageSpecification image, PreviewOrder? previews = null)
    {
        ImageCheck.Require(image, Model);
        if (image.Rows > FreeRows)
        {
            throw new ArgumentException($"The image takes {image.Rows} rows, {FreeRows} are free. Wait for others to end, or raise Inference:MaxBatchRows.", nameof(image));
        }

        if (_ids.Contains(id))
        {
            throw new ArgumentException($"An image with the id {id} is there already.", nameof(id));
        }

        var sequence = Place(id, image);
        if (previews is not null)
        {
            _previews.Watch(sequence, previews);
        }

        _ids.Add(id); // last: an image that a stage refuses leaves nothing behind
    }

    /// <inheritdoc/>
    public void Remove(long id)
    {
        if (!_ids.Remove(id))
        {
            return;
        }

        _previews.Forget(id);
        _ended.RemoveAll(outcome => outcome.Id == id);
        if (!_coarse.Remove(id))
        {
            _beforeEncode.RemoveAll(sequence => sequence.Id == id);
            _afterCoarse.RemoveAll(sequence => sequence.Id == id);
            _afterFine.RemoveAll(sequence => sequence.Id == id);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation)
    {
        LastStep = default;
        cancellation.ThrowIfCancellationRequested();
        if (_coarse.Count > 0)
        {
            _afterCoarse.AddRange(StepCoarse());
        }

        RunEncode(cancellation);
        ShowPreviews();
        RunFine(cancellation);
        RunDecode(cancellation);
        return TakeEnded();
    }

    public void Dispose()
    {
        _fine?.Dispose();
        _parts.Dispose();
    }

    /// <summary>Lets the image in where its layout begins.</summary>
    private CoarseSequence Place(long id, ImageSpecification image)
    {
        if (image.Layout == LayoutSource.Drawn)
        {
            return _coarse.Add(id, image);
        }

        var sequence = new CoarseSequence(id, image, Model.TokenCount);
        if (image.Layout is LayoutSource.Given given)
        {
            sequence.SetLayout([.. given.CoarseLabels]);
            _afterCoarse.Add(sequence);
        }
        else
        {
            _beforeEncode.Add(sequence);
        }

        return sequence;
    }

    private IReadOnlyList<CoarseSequence> StepCoarse()
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
            throw new OutOfDeviceMemoryException($"The device ran out of memory in a decode step of {_coarse.Count} images; fewer may fit.", error);
        }
    }

    private void RunEncode(CancellationToken cancellation)
    {
        while (_beforeEncode.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            Run("VQ encode", _beforeEncode, FirstThatFit(_beforeEncode, _ => 1, VqEncodeStage.Capacity), Encode);
        }
    }

    private void Encode(IReadOnlyList<CoarseSequence> batch)
    {
        _encode.Run(batch);
        _afterCoarse.AddRange(batch);
    }

    private void ShowPreviews() => LastStep = LastStep with { Splits = LastStep.Splits + _previews.ShowDue(_coarse) };

    private void RunFine(CancellationToken cancellation)
    {
        while (_afterCoarse.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            Run("the fine pass", _afterCoarse, _fine is null ? [.. _afterCoarse] : FirstThatFit(_afterCoarse, FineStage.RowsOf, _fine.Capacity), RunFine);
        }
    }

    private void RunFine(IReadOnlyList<CoarseSequence> batch)
    {
        _fine?.Run(batch);
        foreach (var sequence in batch)
        {
            if (_fine is null)
            {
                sequence.SetTokens(sequence.CoarseLabels, hasFineStage: false);
            }

            _afterFine.Add(sequence);
        }
    }

    private void RunDecode(CancellationToken cancellation)
    {
        while (_afterFine.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            Run("VQ decode", _afterFine, FirstThatFit(_afterFine, _ => 1, VqDecodeStage.Capacity), Decode);
        }
    }

    private void Decode(IReadOnlyList<CoarseSequence> batch)
    {
        var images = _decode.Run([.. batch.Select(sequence => sequence.Tokens)]);
        var done = Stopwatch.GetTimestamp();
        foreach (var (sequence, image) in batch.Zip(images))
        {
            _ended.Add(new GenerationOutcome(
                sequence.Id, new GeneratedImage(sequence.Specification, image, sequence.CoarseLabels, sequence.Tokens, sequence.Timings(done))));
        }
    }

    private static List<CoarseSequence> FirstThatFit(List<CoarseSequence> waiting, Func<CoarseSequence, int> rowsOf, int capacity)
    {
        var rows = 0;
        return [.. waiting.TakeWhile(sequence => (rows += rowsOf(sequence)) <= capacity)];
    }

    /// <summary>Runs a batch of a later stage, in halves if it does not fit. Images leave <paramref name="waiting"/> when they are done, so a stage that throws loses none.</summary>
    /// <param name="batch">The first of those that wait.</param>
    private void Run(string stage, List<CoarseSequence> waiting, List<CoarseSequence> batch, Action<IReadOnlyList<CoarseSequence>> run)
    {
        var splits = BatchHalving.Run(
            batch,
            some =>
            {
                run(some);
                waiting.RemoveRange(0, some.Count);
            },
            (sequence, fault) =>
            {
                waiting.RemoveAt(0);
                Fail(stage, sequence, fault);
            });
        LastStep = LastStep with { Splits = LastStep.Splits + splits };
    }

    private void Fail(string stage, CoarseSequence sequence, Exception fault)
    {
        _previews.Forget(sequence.Id);
        _ended.Add(new GenerationOutcome(sequence.Id, Image: null, new OutOfDeviceMemoryException(
            $"The device has too little free memory for {stage} of one image. Lower Inference:MaxBatchRows, or free memory on the device.", fault)));
    }

    private GenerationOutcome[] TakeEnded()
    {
        if (_ended.Count == 0)
        {
            return [];
        }

        var ended = _ended.ToArray();
        _ended.Clear();
        _ids.ExceptWith(ended.Select(outcome => outcome.Id));
        return ended;
    }
}
