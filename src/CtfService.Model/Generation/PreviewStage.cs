using CtfService.Core.Generation;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// Shows images that somebody watches while their layout comes about. Reads labels and changes nothing, so that an image is the same whether watched or not.
/// Device thread only.
/// </summary>
/// <param name="positions">T.</param>
internal sealed class PreviewStage(CentroidDecoder decoder, int positions)
{
    private readonly List<Watched> _watched = [];

    public void Watch(RunningImage image, PreviewOptions options) => _watched.Add(new Watched(image, options));

    public void Forget(long id) => _watched.RemoveAll(watched => watched.Image.Id == id);

    /// <summary>
    /// Decodes and delivers the previews that are due, several images at a time. A preview that does not fit the device is left out, because the image itself
    /// may fit. A preview is never tried again. Allocates nothing if none is due.
    /// </summary>
    /// <param name="coarse">Where the labels of images that still run are.</param>
    /// <param name="cancellation">Looked at before each batch; previews that are left then are not shown.</param>
    /// <returns>How often a batch had to be halved (<see cref="BatchHalving"/>).</returns>
    public int ShowDue(ICoarseStage coarse, CancellationToken cancellation) => TakeDue() is { } due ? Show(due, coarse, cancellation) : 0;

    /// <summary>The images of which a preview is due, marked as shown; null if there are none.</summary>
    private List<Watched>? TakeDue()
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

        if (due is not null)
        {
            _watched.RemoveAll(static watched => watched.Next == watched.Options.Count);
        }

        return due;
    }

    private int Show(List<Watched> due, ICoarseStage coarse, CancellationToken cancellation)
    {
        var halvings = BatchHalving.Run(
            [.. due.Where(watched => watched.Image.Position < positions)],
            running => coarse.Fetch([.. running.Select(watched => watched.Image)]),
            (unread, _) => due.Remove(unread));
        foreach (var batch in due.Chunk(VqDecodeStage.Capacity))
        {
            cancellation.ThrowIfCancellationRequested();
            halvings += BatchHalving.Run(batch, Decode, static (_, _) => { });
        }

        return halvings;
    }

    private void Decode(IReadOnlyList<Watched> batch)
    {
        int[] labels = [.. batch.SelectMany(watched => LabelsSoFar(watched.Image))];
        var images = decoder.Decode(labels);
        for (var place = 0; place < batch.Count; place++)
        {
            batch[place].Options.Deliver(new ImagePreview(batch[place].Next - 1, images[place]));
        }
    }

    private IEnumerable<int> LabelsSoFar(RunningImage image) =>
        image.CoarseLabels.Select((label, cell) => cell < image.Position ? label : decoder.Undecided);

    private sealed record Watched(RunningImage Image, PreviewOptions Options)
    {
        /// <summary>The preview to show next.</summary>
        public int Next { get; set; }

        /// <summary>The latest preview that the labels so far allow; -1 for none. Preview i of n needs i/n of them.</summary>
        public int Reached(int positions) => (Image.Position * Options.Count / positions) - 1;
    }
}
