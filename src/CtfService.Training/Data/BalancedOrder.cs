namespace CtfService.Training.Data;

/// <summary>
/// Orders the images of a data set round-robin over the classes, each class shuffled, so that the first n images are spread over the classes as evenly as
/// possible. Classes without further images are skipped in later rounds. The same seed gives the same order.
/// </summary>
public static class BalancedOrder
{
    /// <param name="classIds">Class id of each image.</param>
    /// <returns>Every image once.</returns>
    public static IReadOnlyList<OrderedImage> Of(IReadOnlyList<int> classIds, ulong seed = 0) =>
        [.. Enumerable.Range(0, classIds.Count)
            .GroupBy(image => classIds[image])
            .SelectMany(images => Shuffled([.. images], seed + (ulong)images.Key))
            .OrderBy(image => image.Round)
            .ThenBy(image => classIds[image.Index])];

    private static IEnumerable<OrderedImage> Shuffled(int[] images, ulong seed) =>
        images.Select((_, round) => new OrderedImage(images[Permutation.At(seed, 0, round, images.Length)], round));
}

/// <param name="Index">Index in the data set.</param>
/// <param name="Round">Number of images of its class that precede it.</param>
public readonly record struct OrderedImage(int Index, int Round);
