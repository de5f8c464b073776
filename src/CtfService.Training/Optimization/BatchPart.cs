using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>Images of a batch that go through the module together. A step with gradient accumulation has several parts, one after another.</summary>
/// <param name="First">Place of the first image in the batch.</param>
/// <param name="Count">Number of images, 1 or more.</param>
/// <param name="BatchSize">Number of images in the whole batch.</param>
public readonly record struct BatchPart(int First, int Count, int BatchSize)
{
    /// <summary>Whether the part is the whole batch.</summary>
    public bool IsWhole => Count == BatchSize;

    /// <summary>Share of the batch, above 0, at most 1.</summary>
    public double Share => (double)Count / BatchSize;

    /// <summary>Returns the part that is a whole batch.</summary>
    public static BatchPart Whole(int batchSize) => new(0, batchSize, batchSize);

    /// <summary>Divides a batch into consecutive parts that differ by at most one image.</summary>
    /// <param name="parts">1 to <paramref name="batchSize"/>.</param>
    public static IReadOnlyList<BatchPart> Split(int batchSize, int parts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, batchSize);
        int Start(int part) => (int)((long)part * batchSize / parts);
        return [.. Enumerable.Range(0, parts).Select(part => new BatchPart(Start(part), Start(part + 1) - Start(part), batchSize))];
    }

    /// <summary>Returns the rows of this part as a view of a tensor [B, ..].</summary>
    public Tensor Of(Tensor batch) => IsWhole ? batch.alias() : batch.narrow(0, First, Count);
}
