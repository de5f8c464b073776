using CtfService.Core.Generation;
using CtfService.Model.Coarse;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Previews;

/// <summary>
/// Shows images that somebody watches while their layout comes about. Reads labels and changes nothing, so that an image is the same whether watched or not.
/// Device thread only.
/// </summary>
/// <param name="positions">T.</param>
internal sealed class PreviewStage(CentroidDecoder decoder, int positions)
{
    private readonly List<Watched> _watched = [];

    public void Watch(CoarseSequence sequence, PreviewOrder order) => _watched.Add(new Watched(sequence, order));

    public void Forget(long id) => _watched.RemoveAll(watched => watched.Sequence.Id == id);

    /// <summary>Decodes and delivers the previews that are due, several images at a time; one that fails is not tried again. Allocates nothing where none is due.</summary>
    /// <param name="coarse">Where the labels of images that still run are.</param>
    public void ShowDue(ICoarseStage coarse)
    {
        List<Watched>? due = null;
        foreach (var watched in _watched)
        {
            if (watched.Reached(positions) >= watched.Next)
            {
                watched.Next = watched.Reached(positions) + 1;
                (due ??= []).Add(watched);
            }
        }

        if (due is null)
        {
            return;
        }

        _watched.RemoveAll(watched => watched.Next == watched.Order.Count);
        coarse.Fetch([.. due.Select(watched => watched.Sequence).Where(sequence => sequence.Position < positions)]);
        foreach (var batch in due.Chunk(VqDecodeStage.Capacity))
        {
            Show(batch);
        }
    }

    private void Show(Watched[] batch)
    {
        int[] labels = [.. batch.SelectMany(watched => LabelsSoFar(watched.Sequence))];
        var images = decoder.Decode(labels);
        for (var place = 0; place < batch.Length; place++)
        {
            batch[place].Order.Deliver(new ImagePreview(batch[place].Next - 1, images[place]));
        }
    }

    private IEnumerable<int> LabelsSoFar(CoarseSequence sequence) =>
        sequence.CoarseLabels.Select((label, cell) => cell < sequence.Position ? label : decoder.Undecided);

    private sealed record Watched(CoarseSequence Sequence, PreviewOrder Order)
    {
        /// <summary>The preview to show next.</summary>
        public int Next { get; set; }

        /// <summary>The latest preview that the labels so far allow; -1 for none. Preview i of n needs i/n of them.</summary>
        public int Reached(int positions) => (Sequence.Position * Order.Count / positions) - 1;
    }
}
