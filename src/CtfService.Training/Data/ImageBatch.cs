using static TorchSharp.torch;

namespace CtfService.Training.Data;

/// <summary>
/// Images as a model reads them. The tensors belong to the dispose scope of the thread that created the batch; disposing the batch disposes them earlier.
/// </summary>
/// <param name="Pixels">float, -1 to 1: [B, 3, H, W].</param>
/// <param name="ClassIds">int64: [B].</param>
public sealed record ImageBatch(Tensor Pixels, Tensor ClassIds) : IDisposable
{
    /// <summary>Returns the images at the given indexes, unchanged.</summary>
    public static ImageBatch Of(ImageDataset dataset, IReadOnlyList<int> imageIndexes) =>
        PreparedBatch.Of(dataset, [.. imageIndexes.Select(index => new BatchItem(index, AugmentationDraw.None))]).ToTensors();

    public void Dispose()
    {
        Pixels.Dispose();
        ClassIds.Dispose();
    }
}

/// <summary>A batch before conversion to tensors. Can be created on any thread.</summary>
internal sealed record PreparedBatch(float[] Pixels, long[] ClassIds, int Width, int Height)
{
    public static PreparedBatch Of(ImageDataset dataset, IReadOnlyList<BatchItem> items)
    {
        var size = dataset.Width * dataset.Height * 3;
        var pixels = new float[items.Count * size];
        void Write(int item) => AugmentedImage.Write(
            dataset.Images[items[item].ImageIndex], dataset.Width, dataset.Height, items[item].Augmentation, pixels.AsSpan(item * size, size));
        if (dataset.IsStored)
        {
            ReadingThreads.ForEach(items.Count, Write);
        }
        else
        {
            for (var item = 0; item < items.Count; item++)
            {
                Write(item);
            }
        }

        return new PreparedBatch(pixels, [.. items.Select(item => (long)dataset.ClassIds[item.ImageIndex])], dataset.Width, dataset.Height);
    }

    public ImageBatch ToTensors() => new(tensor(Pixels, [ClassIds.Length, 3, Height, Width]), tensor(ClassIds));
}
