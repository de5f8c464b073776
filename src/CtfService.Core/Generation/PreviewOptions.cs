namespace CtfService.Core.Generation;

/// <summary>Requests previews of an image while its layout is drawn. Previews do not change the image.</summary>
/// <param name="Count">
/// Number of previews, 1 to <see cref="MostPreviews"/>. Preview i of n is due when i/n of the coarse labels are drawn, so the last one shows the whole
/// layout.
/// </param>
/// <param name="Deliver">Receives each preview on the thread of the generator. Must return immediately and must not throw.</param>
public sealed record PreviewOptions(int Count, Action<ImagePreview> Deliver)
{
    public const int MostPreviews = 3;

    public int Count { get; } = Count is >= 1 and <= MostPreviews
        ? Count
        : throw new ArgumentOutOfRangeException(nameof(Count), Count, $"An image has 1 to {MostPreviews} previews.");
}

/// <summary>A preview: an image decoded from the coarse labels drawn so far, using cluster centroids.</summary>
/// <param name="Index">Index of the preview, 0 to count-1. One may be skipped if the next is already due.</param>
public sealed record ImagePreview(int Index, RgbImage Image);
