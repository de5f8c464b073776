using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>Computes the keys and values of labels that an image keeps, many positions at a time, and scores those labels for candidates of an edit.</summary>
internal sealed class KnownLabelPass(ClassConditionalTransformer transformer, KvCache cache, DeviceRows rows)
{
    /// <summary>
    /// Caches all positions before one, in one pass for each row, so that the pass does not depend on other images. Scores their labels if the image needs it.
    /// </summary>
    public void Cache(RunningImage image, int end)
    {
        var (first, count) = (image.CachedPositions, end - image.CachedPositions);
        if (count <= 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var hidden = Prefill(image.Slot, first, count); // [S, D]
        var nullHidden = image.NullSlot is { } nullSlot && end <= image.Specification.Coarse.LastGuidedPosition
            ? Prefill(nullSlot, first, count)
            : null;
        if (image.IsScored)
        {
            Score(image, first, LogitsOf(hidden), nullHidden is null ? null : LogitsOf(nullHidden));
        }

        image.CachedPositions = end;
    }

    private Tensor Prefill(int slot, int first, int count) => transformer.Prefill(rows.InputsOf(slot, first, count), cache, slot, first);

    private Tensor LogitsOf(Tensor hidden) => transformer.Score(hidden).to(float32);

    /// <param name="logits">[S, V].</param>
    /// <param name="nullLogits">[S, V]; null without guidance.</param>
    private void Score(RunningImage image, int first, Tensor logits, Tensor? nullLogits)
    {
        var combined = nullLogits is null ? logits : nullLogits + ((logits - nullLogits) * image.Specification.Coarse.GuidanceScale);
        var values = combined.cpu().contiguous().data<float>().ToArray();
        var vocabulary = transformer.Config.OutputVocabulary;
        for (var i = 0; i < values.Length / vocabulary; i++)
        {
            image.Score(first + i, values.AsSpan(i * vocabulary, vocabulary));
        }
    }
}
