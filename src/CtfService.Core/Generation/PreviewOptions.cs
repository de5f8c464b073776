namespace CtfService.Core.Generation;

/// <summary>Asks for previews of an image while its layout comes about. Looking changes nothing: the image is the same without them.</summary>
/// <param name="Count">1..<see cref="MostPreviews"/>. Preview i of n comes when i/n of the coarse labels are there, so the last one shows the whole layout.</param>
/// <param name="Deliver">Called on the generator's thread: must return at once and not throw.</param>
public sealed record PreviewOptions(int Count, Action<ImagePreview> Deliver)
{
    public const int MostPreviews = 3;

    public int Count { get; } = Count is >= 1 and <= MostPreviews
        ? Count
        : throw new ArgumentOutOfRangeException(nameof(Count), Count, $"An image has 1 to {MostPreviews} previews.");
}

/// <summary>An image decoded from its coarse labels so far, through the cluster centroids.</summary>
/// <param name="Index">0..count-1; one may be left out where the next is there already.</param>
public sealed record ImagePreview(int Index, RgbImage Image);
