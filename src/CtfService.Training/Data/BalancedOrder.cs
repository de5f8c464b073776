namespace CtfService.Training.Data;

/// <summary>
/// An order of a data set's images that visits the classes in turn, each class's images shuffled: the first n are n images spread over the classes as evenly as
/// they can be. A class that has no more images is left out of the later rounds. Same seed, same order.
/// </summary>
public static class BalancedOrder
{
    /// <param name="classIds">One per image.</param>
    /// <returns>Each image once.</returns>
    public static IReadOnlyList<OrderedImage> Of(IReadOnlyList<int> classIds, ulong seed = 0) =>
        [.. Enumerable.Range(0, classIds.Count)
            .GroupBy(image => classIds[image])
            .SelectMany(images => Shuffled([.. images], seed + (ulong)images.Key))
            .OrderBy(image => image.Round)
            .ThenBy(image => classIds[image.Index])];

    private static IEnumerable<OrderedImage> Shuffled(int[] images, ulong seed) =>
        images.Select((_, round) => new OrderedImage(images[Permutation.At(seed, 0, round, images.Length)], round));
}

/// <param name="Index">Place in the data set.</param>
/// <param name="Round">How many images of its class come before it.</param>
public readonly record struct OrderedImage(int Index, int Round);
