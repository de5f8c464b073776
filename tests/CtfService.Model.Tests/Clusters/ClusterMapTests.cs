using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Clusters;

public sealed class ClusterMapTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void FromAssignments_Valid_GroupsTokensAndAveragesCodewords()
    {
        var map = ClusterMap.FromAssignments([1, 0, 1, 1], tensor(new float[] { 0, 0, 8, 9, 3, 0, 3, 6 }).reshape(4, 2));

        Assert.Equal((4, 2, 2, 3), (map.CodebookSize, map.ClusterCount, map.CodewordWidth, map.LargestCluster));
        Assert.Equal([1], map.Members[0].ToArray());
        Assert.Equal([0, 2, 3], map.Members[1].ToArray());
        Assert.Equal([8, 9, 2, 2], map.Centroids.ToArray());
        Assert.False(map.IsIdentity);
    }

    [Fact]
    public void Random_Codebook_GivesEqualClustersForASeed()
    {
        var codebook = zeros(10, 2);

        var map = ClusterMap.Random(codebook, 4, seed: 1);

        Assert.Equal([2, 2, 3, 3], map.Members.Select(members => members.Length).Order());
        Assert.Equal(map.ClusterOfToken.ToArray(), ClusterMap.Random(codebook, 4, seed: 1).ClusterOfToken.ToArray());
        Assert.NotEqual(map.ClusterOfToken.ToArray(), ClusterMap.Random(codebook, 4, seed: 2).ClusterOfToken.ToArray());
    }

    [Fact]
    public void Coarsen_Tokens_GivesTheirClusters()
    {
        var map = ClusterMap.FromAssignments([1, 0, 1, 1], zeros(4, 2));

        Assert.Equal([0, 1, 1, 0], map.Coarsen([1, 3, 0, 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => map.Coarsen([4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => map.Coarsen([-1]));
    }

    [Fact]
    public void FromAssignments_EmptyOrNegativeCluster_IsNamed()
    {
        var codebook = zeros(3, 2);

        Assert.Contains("cluster 1 of 3 is empty", Refusal([0, 2, 2]), StringComparison.Ordinal);
        Assert.Contains("token 1 is in cluster -1", Refusal([0, -1, 0]), StringComparison.Ordinal);
        Assert.Contains("2 assignments for 3 codewords", Refusal([0, 0]), StringComparison.Ordinal);

        string Refusal(int[] clusters) => Assert.Throws<ArgumentException>(() => ClusterMap.FromAssignments(clusters, codebook)).Message;
    }

    [Fact]
    public void Identity_Token_IsItsCoarseLabel()
    {
        var codebook = arange(10, ScalarType.Float32).reshape(5, 2);

        var map = ClusterMap.Identity(codebook);

        Assert.True(map.IsIdentity);
        Assert.Equal(1, map.LargestCluster);
        Assert.Equal(codebook.data<float>().ToArray(), map.Centroids.ToArray());
    }

    [Fact]
    public void Compute_ClusterPerCodeword_IsTheIdentity() => Assert.True(ClusterMap.Compute(arange(10, ScalarType.Float32).reshape(5, 2), 5, 1).IsIdentity);

    [Fact]
    public void Compute_FewerClusters_GroupsNeighbours()
    {
        var map = ClusterMap.Compute(tensor(new float[] { 0, 10, 0.1f, 10.1f, 20 }).reshape(5, 1), 3, 1);

        Assert.Equal([0, 1, 0, 1, 2], map.ClusterOfToken.ToArray());
    }

    [Fact]
    public void Load_Saved_IsTheSameMap()
    {
        var map = ClusterMap.Compute(linspace(0, 1, 40, ScalarType.Float32).reshape(20, 2), 6, 1);

        map.Save(_folder.File("map"));
        var loaded = ClusterMap.Load(_folder.File("map"));

        Assert.Equal(map.ClusterOfToken.ToArray(), loaded.ClusterOfToken.ToArray());
        Assert.Equal(map.Centroids.ToArray(), loaded.Centroids.ToArray());
        Assert.Equal(6, loaded.ClusterCount);
        Assert.Equal(map.LargestCluster, loaded.LargestCluster);
    }

    [Fact]
    public void Load_ClusterOutOfRange_IsNamed()
    {
        Write(("cluster_of_token", tensor([0, 2], ScalarType.Int32)), ("centroids", zeros(2, 3)));

        Assert.Contains("token 1 is in cluster 2; expected 0..1", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WrongTypeOrExtraTensor_IsNamed()
    {
        Write(("cluster_of_token", tensor([0L, 1L])), ("centroids", zeros(2, 3)));
        Assert.Contains("cluster_of_token is Int64 [2]; expected Int32", Refusal(), StringComparison.Ordinal);

        Write(("cluster_of_token", tensor([0, 1], ScalarType.Int32)), ("centroids", zeros(2, 3)), ("weights", zeros(1)));
        Assert.Contains("contains weights", Refusal(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Write(params (string Name, Tensor Tensor)[] tensors) => SafetensorsWriter.Write(_folder.File("map"), tensors);

    private string Refusal() => Assert.Throws<CheckpointException>(() => ClusterMap.Load(_folder.File("map"))).Message;
}
