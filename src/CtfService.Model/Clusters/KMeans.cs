namespace CtfService.Model.Clusters;

/// <summary>
/// k-means: Lloyd's algorithm with k-means++ seeding, the best of several restarts. The same points and seed give the same clusters on any machine.
/// </summary>
internal static class KMeans
{
    /// <summary>The number of restarts. The one with the smallest squared error is used, the earlier one on ties.</summary>
    public const int Restarts = 3;

    /// <summary>The maximum number of iterations per restart; thousands of points converge well before.</summary>
    public const int MaxIterations = 200;

    /// <param name="points">[K, e], row by row; finite.</param>
    /// <param name="width">e.</param>
    /// <param name="clusterCount">C, 1..K.</param>
    /// <returns>The cluster of each point, 0..C-1. No cluster is empty, and clusters are numbered by their first point.</returns>
    /// <exception cref="ArgumentException">A row is incomplete or not finite, or there are fewer rows than clusters.</exception>
    public static int[] Fit(float[] points, int width, int clusterCount, ulong seed, int restarts = Restarts, int maxIterations = MaxIterations)
    {
        RequireUsable(points, width, clusterCount, restarts);
        int[] best = [];
        var leastError = double.PositiveInfinity;
        for (var restart = 0; restart < restarts; restart++)
        {
            var (clusters, error) = FitOnce(points, width, clusterCount, new UniformStream(seed, restart), maxIterations);
            if (error < leastError)
            {
                (best, leastError) = (clusters, error);
            }
        }

        return NumberedByFirstPoint(best, clusterCount);
    }

    private static (int[] Clusters, double SquaredError) FitOnce(float[] points, int width, int clusterCount, UniformStream random, int maxIterations)
    {
        var centroids = new CentroidTable(clusterCount, width);
        centroids.SeedByDistance(points, random);
        var clusters = new int[points.Length / width];
        var distances = new float[clusters.Length];
        Array.Fill(clusters, -1);
        for (var iteration = 0; iteration < maxIterations; iteration++)
        {
            var previous = (int[])clusters.Clone();
            centroids.Assign(points, clusters, distances);
            FillEmptyClusters(clusters, distances, clusterCount);
            if (clusters.AsSpan().SequenceEqual(previous))
            {
                break;
            }

            centroids.MoveToMeans(points, clusters);
        }

        return (clusters, distances.Sum(distance => (double)distance));
    }

    /// <summary>Moves to each empty cluster the point farthest from its centroid (the lowest index on ties), out of a cluster with several points.</summary>
    private static void FillEmptyClusters(int[] clusters, float[] distances, int clusterCount)
    {
        var sizes = Sizes(clusters, clusterCount);
        for (var empty = Array.IndexOf(sizes, 0); empty >= 0; empty = Array.IndexOf(sizes, 0))
        {
            var farthest = -1;
            for (var point = 0; point < clusters.Length; point++)
            {
                if (sizes[clusters[point]] > 1 && (farthest < 0 || distances[point] > distances[farthest]))
                {
                    farthest = point;
                }
            }

            sizes[clusters[farthest]]--;
            sizes[empty] = 1;
            clusters[farthest] = empty;
            distances[farthest] = 0;
        }
    }

    private static int[] Sizes(int[] clusters, int clusterCount)
    {
        var sizes = new int[clusterCount];
        foreach (var cluster in clusters)
        {
            sizes[cluster]++;
        }

        return sizes;
    }

    private static int[] NumberedByFirstPoint(int[] clusters, int clusterCount)
    {
        var numbers = new int[clusterCount];
        Array.Fill(numbers, -1);
        var next = 0;
        var numbered = new int[clusters.Length];
        for (var point = 0; point < clusters.Length; point++)
        {
            ref var number = ref numbers[clusters[point]];
            number = number < 0 ? next++ : number;
            numbered[point] = number;
        }

        return numbered;
    }

    private static void RequireUsable(float[] points, int width, int clusterCount, int restarts)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clusterCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(restarts);
        if (points.Length % width != 0)
        {
            throw new ArgumentException($"{points.Length} numbers; expected a multiple of the width {width}.", nameof(points));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(clusterCount, points.Length / width);
        if (Array.Exists(points, value => !float.IsFinite(value)))
        {
            throw new ArgumentException("Every coordinate must be finite; the codebook contains NaN or infinity.", nameof(points));
        }
    }
}
