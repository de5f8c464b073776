using CtfService.Core.Generation;
using CtfService.Model.Memory;
using CtfService.Model.Stages;

namespace CtfService.Model.Generation;

/// <summary>
/// Decodes and delivers previews of images while their layouts are drawn. Reads labels and changes nothing, so an image is the same with and without previews.
/// Call from the device thread only.
/// </summary>
internal sealed class PreviewStage(CentroidDecoder decoder)
{
    private readonly List<PreviewedImage> _previewed = [];

    public void Add(RunningImage image, PreviewOptions options) => _previewed.Add(new PreviewedImage(image, options));

    public void Remove(long id) => _previewed.RemoveAll(previewed => previewed.Image.Id == id);

    /// <summary>
    /// Decodes and delivers the previews that are due, several images at a time. A preview that does not fit the device's memory is skipped, because the image
    /// itself may fit; it is never retried. Allocates nothing if no preview is due.
    /// </summary>
    /// <param name="coarse">The stage with the labels of incomplete layouts.</param>
    /// <param name="failed">Receives the images whose preview fails for another reason than memory.</param>
    /// <param name="cancellation">Checked before each batch; the remaining previews are not shown.</param>
    /// <returns>The number of halvings (<see cref="BatchHalving"/>).</returns>
    public int ShowDue(ICoarseStage coarse, Action<RunningImage, Exception> failed, CancellationToken cancellation) =>
        TakeDue() is { } due ? Show(due, coarse, failed, cancellation) : 0;

    /// <summary>Returns the images with a preview due and marks it as shown; null if no preview is due.</summary>
    private List<PreviewedImage>? TakeDue()
    {
        List<PreviewedImage>? due = null;
        foreach (var previewed in _previewed)
        {
            if (previewed.Reached() >= previewed.Next)
            {
                previewed.Next = previewed.Reached() + 1;
                (due ??= []).Add(previewed);
            }
        }

        if (due is not null)
        {
            _previewed.RemoveAll(static previewed => previewed.Next == previewed.Options.Count);
        }

        return due;
    }

    private int Show(List<PreviewedImage> due, ICoarseStage coarse, Action<RunningImage, Exception> failed, CancellationToken cancellation)
    {
        void FailUnlessMemory(PreviewedImage previewed, Exception fault)
        {
            if (!MemoryFault.Is(fault))
            {
                failed(previewed.Image, fault);
            }
        }

        var halvings = BatchHalving.Run(
            [.. due.Where(previewed => previewed.Image is { IsLayoutComplete: false, DecodeSteps: > 0 })], // before, its row is another image's
            running => coarse.Fetch([.. running.Select(previewed => previewed.Image)]),
            passed: static _ => { },
            (unread, fault) =>
            {
                due.Remove(unread);
                FailUnlessMemory(unread, fault);
            });
        foreach (var batch in due.Chunk(VqDecodeStage.Capacity))
        {
            cancellation.ThrowIfCancellationRequested();
            halvings += BatchHalving.Run(batch, Decode, passed: static _ => { }, FailUnlessMemory);
        }

        return halvings;
    }

    private void Decode(IReadOnlyList<PreviewedImage> batch)
    {
        int[] labels = [.. batch.SelectMany(previewed => LabelsSoFar(previewed.Image))];
        var pictures = decoder.Decode(labels).Select((picture, place) => batch[place].Image.Join(picture)).ToArray(); // before any is delivered
        for (var place = 0; place < batch.Count; place++)
        {
            batch[place].Options.Deliver(new ImagePreview(batch[place].Next - 1, pictures[place]));
        }
    }

    private IEnumerable<int> LabelsSoFar(RunningImage image) =>
        image.CoarseLabels.Select((label, cell) => cell < image.Position || image.IsKept(cell) ? label : decoder.Undecided);

    private sealed record PreviewedImage(RunningImage Image, PreviewOptions Options)
    {
        /// <summary>The preview to show next.</summary>
        public int Next { get; set; }

        /// <summary>Returns the index of the latest preview that the labels so far allow, or -1. Preview i of n needs (i + 1)/n of the labels.</summary>
        public int Reached() => (Image.Progress.Known * Options.Count / Image.Progress.All) - 1;
    }
}
