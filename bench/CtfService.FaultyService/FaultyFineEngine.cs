using CtfService.Model.Engines;
using CtfService.Model.Transformer;

namespace CtfService.FaultyService;

/// <summary>Injects the faults of fine passes.</summary>
internal sealed class FaultyFineEngine(IFineEngine engine, FaultBoard board) : IFineEngine
{
    private int _images;

    public TransformerConfig Config => engine.Config;

    public int Capacity => engine.Capacity;

    public int LargestCluster => engine.LargestCluster;

    public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default)
    {
        _images = classIds.Length;
        if (board.Take(FaultKind.OomFine))
        {
            throw FaultyParts.OutOfMemory("a fine pass");
        }

        if (board.TakeOfImage(FaultKind.ThrowFine, _images))
        {
            throw new InvalidOperationException("Injected for one image.");
        }

        engine.Run(classIds, coarseLabels, hidden, cancellation);
    }

    public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
    {
        engine.ScoreMembers(hidden, coarseLabels, logits);
        if (board.TakeOfImage(FaultKind.NanFine, _images))
        {
            logits[0] = float.NaN;
        }
    }

    public void Dispose() => engine.Dispose();
}
