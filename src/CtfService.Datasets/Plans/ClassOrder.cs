namespace CtfService.Datasets.Plans;

/// <summary>
/// The order of the images of a data set: the images of each class are spread evenly over the whole, so that every shard has each class in its share of all
/// images, give or take one. With equal counts the classes take turns.
/// </summary>
internal static class ClassOrder
{
    /// <summary>Returns the class id of each image.</summary>
    /// <param name="counts">Images of each class, by class id.</param>
    public static int[] Of(IReadOnlyList<int> counts)
    {
        // Image k of n of a class stands at (2k + 1) / 2n of the way. Doubles tell all such fractions apart if n is below 2^25.
        var order = new int[counts.Sum()];
        var next = new PriorityQueue<(int ClassId, int Taken), (double Place, int ClassId)>();
        foreach (var (classId, count) in counts.Index().Where(entry => entry.Item > 0))
        {
            next.Enqueue((classId, 0), (Place(0, count), classId));
        }

        for (var i = 0; i < order.Length; i++)
        {
            var (classId, taken) = next.Dequeue();
            order[i] = classId;
            if (++taken < counts[classId])
            {
                next.Enqueue((classId, taken), (Place(taken, counts[classId]), classId));
            }
        }

        return order;
    }

    private static double Place(int taken, int count) => (taken + 0.5) / count;
}
