using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Training.Data;

/// <summary>Walks images that are in memory.</summary>
public sealed class DatasetWalk(ImageDataset dataset) : ImageWalk
{
    public override IReadOnlyList<string> ClassNames => dataset.ClassNames;

    public override bool DefinesClasses => false;

    public override int Count => dataset.Count;

    public override IEnumerable<WalkedImage> From(int position, int side, CancellationToken cancellation)
    {
        for (var image = position; image < dataset.Count; image++)
        {
            cancellation.ThrowIfCancellationRequested();
            var pixels = new RgbImage(dataset.Width, dataset.Height, dataset.Images[image]);
            yield return new WalkedImage(ImageResizer.Cover(pixels, side, side).Pixels, dataset.ClassIds[image], image + 1);
        }
    }
}
