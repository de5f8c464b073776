using CtfService.Model.Clusters;

namespace CtfService.Model.Tests.Clusters;

public sealed class KMeansTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Fit_SeparatedBlobs_RecoversThem(ulong seed)
    {
        var points = Blobs(blobs: 12, perBlob: 20, width: 3);

        var clusters = KMeans.Fit(points, 3, 12, seed);

        Assert.Equal(Enumerable.Range(0, 240).Select(point => point % 12), clusters);
    }

    [Fact]
    public void Fit_SameSeed_GivesTheSameClusters()
    {
        var points = Scattered(500, 5);

        Assert.Equal(KMeans.Fit(points, 5, 37, 7), KMeans.Fit(points, 5, 37, 7));
    }

    [Fact]
    public void Fit_MoreClustersThanDistinctPoints_LeavesNoneEmpty()
    {
        var points = Enumerable.Range(0, 30).Select(point => (float)(point % 3)).ToArray();

        var clusters = KMeans.Fit(points, 1, 10, 1);

        Assert.Equal(Enumerable.Range(0, 10), clusters.Distinct().Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    public void Fit_ExtremeCounts_Work(int clusterCount)
    {
        var clusters = KMeans.Fit(Scattered(60, 2), 2, clusterCount, 1);

        Assert.Equal(clusterCount, clusters.Distinct().Count());
    }

    [Fact]
    public void Fit_Converged_EveryPointIsInTheClusterOfItsNearestMean()
    {
        const int width = 4;
        var points = Scattered(400, width);

        var clusters = KMeans.Fit(points, width, 20, 3);

        var means = Enumerable.Range(0, 20).Select(cluster => Mean(points, width, clusters, cluster)).ToArray();
        for (var point = 0; point < clusters.Length; point++)
        {
            var row = points.AsSpan(point * width, width).ToArray();
            var own = SquaredDistance(row, means[clusters[point]]);
            Assert.All(means, mean => Assert.True(SquaredDistance(row, mean) >= own - 1e-5));
        }
    }

    [Fact]
    public void Fit_TooFewPoints_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => KMeans.Fit([1, 2], 1, 3, 0));
        Assert.Throws<ArgumentException>(() => KMeans.Fit([1, 2, 3], 2, 1, 0));
        Assert.Throws<ArgumentException>(() => KMeans.Fit([1, float.NaN], 1, 1, 0));
    }

    /// <summary>Point i belongs to blob i % blobs; blobs are 10 apart, their points within 0.5.</summary>
    private static float[] Blobs(int blobs, int perBlob, int width)
    {
        var jitter = Scattered(blobs * perBlob, width);
        return [.. jitter.Select((value, i) => (i / width % blobs * 10) + (value * 0.5f))];
    }

    private static float[] Scattered(int count, int width)
    {
        var random = new UniformStream(99, 0);
        return [.. Enumerable.Range(0, count * width).Select(_ => (float)random.Next())];
    }

    private static double[] Mean(float[] points, int width, int[] clusters, int cluster)
    {
        var members = Enumerable.Range(0, clusters.Length).Where(point => clusters[point] == cluster).ToArray();
        return [.. Enumerable.Range(0, width).Select(dimension => members.Average(point => points[(point * width) + dimension]))];
    }

    private static double SquaredDistance(float[] point, double[] mean) => point.Zip(mean, (left, right) => (left - right) * (left - right)).Sum();
}
