using System.Numerics;

namespace CtfService.Model.Clusters;

/// <summary>
/// The centroids of one k-means run, stored by dimension, so that a vector register holds the same coordinate of several centroids.
/// Results do not depend on the width of the registers or the number of threads, because every sum has one fixed order.
/// </summary>
internal sealed class CentroidTable
{
    private readonly int _count;
    private readonly int _width;
    private readonly int _stride;
    private readonly float[] _coordinates; // [e, stride]; the tail beyond C is infinitely far away

    public CentroidTable(int count, int width)
    {
        _count = count;
        _width = width;
        _stride = (count + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        _coordinates = new float[width * _stride];
        Array.Fill(_coordinates, float.PositiveInfinity);
    }

    /// <summary>k-means++ (Arthur, Vassilvitskii 2007): draws each next centroid from the points, weighted by the squared distance.</summary>
    public void SeedByDistance(float[] points, UniformStream random)
    {
        var pointCount = points.Length / _width;
        var nearest = new double[pointCount];
        Array.Fill(nearest, 1); // the first draw is uniform
        for (var centroid = 0; centroid < _count; centroid++)
        {
            var chosen = points.AsSpan(Draw(nearest, random) * _width, _width);
            Place(centroid, chosen);
            for (var point = 0; point < pointCount; point++)
            {
                var distance = SquaredDistance(points.AsSpan(point * _width, _width), chosen);
                nearest[point] = centroid == 0 ? distance : Math.Min(nearest[point], distance);
            }
        }
    }

    /// <summary>Finds the nearest centroid of every point (the lowest index on ties) and the squared distance to it.</summary>
    public void Assign(float[] points, int[] clusters, float[] distances) => Parallel.For(0, clusters.Length, point =>
        (clusters[point], distances[point]) = Nearest(points.AsSpan(point * _width, _width)));

    /// <summary>Moves every centroid to the mean of its points. Sums are double, in the order of the points.</summary>
    public void MoveToMeans(float[] points, int[] clusters)
    {
        var sums = new double[_count * _width];
        var sizes = new int[_count];
        for (var point = 0; point < clusters.Length; point++)
        {
            sizes[clusters[point]]++;
            for (var dimension = 0; dimension < _width; dimension++)
            {
                sums[(clusters[point] * _width) + dimension] += points[(point * _width) + dimension];
            }
        }

        for (var i = 0; i < sums.Length; i++)
        {
            var (centroid, dimension) = Math.DivRem(i, _width);
            _coordinates[(dimension * _stride) + centroid] = (float)(sums[i] / sizes[centroid]);
        }
    }

    private (int Cluster, float Distance) Nearest(ReadOnlySpan<float> point)
    {
        var lanes = Vector<float>.Count;
        var least = new Vector<float>(float.PositiveInfinity);
        var leastBlock = Vector<int>.Zero;
        for (var block = 0; block < _stride; block += lanes)
        {
            var sum = Vector<float>.Zero;
            for (var dimension = 0; dimension < _width; dimension++)
            {
                var difference = new Vector<float>(_coordinates, (dimension * _stride) + block) - new Vector<float>(point[dimension]);
                sum += difference * difference;
            }

            var closer = Vector.LessThan(sum, least);
            least = Vector.ConditionalSelect(closer, sum, least);
            leastBlock = Vector.ConditionalSelect(closer, new Vector<int>(block), leastBlock);
        }

        var (cluster, distance) = (0, float.PositiveInfinity);
        for (var lane = 0; lane < lanes; lane++)
        {
            var candidate = (Distance: least[lane], Cluster: leastBlock[lane] + lane);
            if (candidate.Distance < distance || (candidate.Distance == distance && candidate.Cluster < cluster))
            {
                (distance, cluster) = candidate;
            }
        }

        return (cluster, distance);
    }

    private void Place(int centroid, ReadOnlySpan<float> point)
    {
        for (var dimension = 0; dimension < _width; dimension++)
        {
            _coordinates[(dimension * _stride) + centroid] = point[dimension];
        }
    }

    /// <summary>Draws an index with the given weights; 0 if every weight is 0 (more clusters than distinct points).</summary>
    private static int Draw(double[] weights, UniformStream random)
    {
        var threshold = random.Next() * weights.Sum();
        var cumulative = 0.0;
        var last = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] > 0)
            {
                last = i;
                cumulative += weights[i];
                if (cumulative > threshold)
                {
                    break;
                }
            }
        }

        return last;
    }

    private static double SquaredDistance(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var sum = 0.0;
        for (var i = 0; i < left.Length; i++)
        {
            var difference = (double)left[i] - right[i];
            sum += difference * difference;
        }

        return sum;
    }
}
