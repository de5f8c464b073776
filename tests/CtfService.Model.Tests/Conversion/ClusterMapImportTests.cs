using System.IO.Compression;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Conversion;
using CtfService.Model.Tests.Checkpoints;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Conversion;

/// <summary>Cluster maps in the forms that other programs write: 12 tokens, 3 or 4 clusters.</summary>
public sealed class ClusterMapImportTests : IDisposable
{
    private static readonly int[] Clusters = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2];
    private static readonly int[] Order = [11, 0, 10, 1, 9, 2, 8, 3, 7, 4, 6, 5];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tensor", "I32")]
    [InlineData("list", "I32")]
    [InlineData("tuple", "I64")]
    [InlineData("dict", "I64")]
    [InlineData("dict", "I16")]
    [InlineData("dict", "U8")]
    [InlineData("dict", "U16")]
    [InlineData("among others", "I32")]
    [InlineData("deep", "I32")]
    public void Read_FormsOfPyTorch_AreTheSameMap(string form, string type) =>
        Assert.Equal(Clusters, Read(MapFile.PyTorch(_folder.File("map.pt"), form, type, Clusters)));

    [Theory]
    [InlineData("<i4")]
    [InlineData(">i8")]
    [InlineData("|u1")]
    [InlineData("<u2")]
    public void Read_NumPyArray_IsTheMap(string type)
    {
        File.WriteAllBytes(_folder.File("map.npy"), NumPyFileTests.Npy(type, "(12,)", MapFile.Bytes(Clusters, type)));

        Assert.Equal(Clusters, Read(_folder.File("map.npy")));
    }

    [Fact]
    public void Read_NumPyArchive_IsTheMap()
    {
        using (var zip = ZipFile.Open(_folder.File("map.npz"), ZipArchiveMode.Create))
        {
            using var member = zip.CreateEntry("labels.npy").Open();
            member.Write(NumPyFileTests.Npy("<i4", "(12,)", MapFile.Bytes(Clusters, "<i4")));
        }

        Assert.Equal(Clusters, Read(_folder.File("map.npz")));
    }

    [Fact]
    public void Read_SafetensorsWithCentroids_TakesTheIntegers()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder.File("map"), [("labels", tensor(Clusters).reshape(12, 1)), ("centers", ones(3, 4)), ("iterations", tensor(5))]);

        Assert.Equal(Clusters, Read(_folder.File("map")));
    }

    [Theory]
    [InlineData(4, new[] { 2, 0, 2, 0, 2, 0, 2, 0, 1, 1, 1, 1 })]
    [InlineData(3, new[] { 3, 0, 3, 0, 3, 0, 2, 1, 2, 1, 2, 1 })]
    public void Read_OrderOfTheTokens_MakesNeighboursAClusterOfTheGivenSize(int clusterSize, int[] expected) =>
        Assert.Equal(expected, Read(MapFile.PyTorch(_folder.File("map.pt"), "tensor", "I64", Order), clusterSize));

    [Theory]
    [InlineData(
        "map.pt",
        null,
        "contains each of 0 to 11 once: not the cluster of each token, but its position in an order of the tokens. Set --cluster-size N")]
    [InlineData("map.pt", null, "; 4 gives the 3 clusters of the coarse stage")]
    [InlineData("mapping-cluster_size=6.pt", null, "; the file name says 6")]
    [InlineData("map.pt", 5, "12 tokens cannot be divided into clusters of 5 (--cluster-size)")]
    public void Read_OrderWithoutAFittingSize_OffersOne(string name, int? clusterSize, string expected)
    {
        MapFile.PyTorch(_folder.File(name), "tensor", "I64", Order);

        Assert.Contains(expected, Refusal(_folder.File(name), clusterSize), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SizeForAMapOfClusters_IsRefused()
    {
        var path = MapFile.PyTorch(_folder.File("map.pt"), "tensor", "I64", Clusters);

        Assert.Contains(
            "contains clusters, 3 different values for 12 tokens, but --cluster-size requires an order",
            Refusal(path, clusterSize: 4),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 0, 1, 2 }, "expected one integer tensor with the cluster of each of the 12 tokens, [12]; it contains 'tensor' Int64 [3]")]
    [InlineData(new[] { 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, -1 }, "token 11 is in cluster -1")]
    [InlineData(new[] { 0, 1, 3, 0, 1, 3, 0, 1, 3, 0, 1, 3 }, "cluster 2 of 4 is empty")]
    public void Read_OtherNumbers_SaysWhatIsWrong(int[] numbers, string expected) =>
        Assert.Contains(expected, Refusal(MapFile.PyTorch(_folder.File("map.pt"), "tensor", "I64", numbers)), StringComparison.Ordinal);

    private static int[] Read(string path, int? clusterSize = null)
    {
        using var scope = NewDisposeScope();
        return [.. ClusterMapImport.Read(path, ones(12, 4), clusterSize, expectedClusters: 3).ClusterOfToken];
    }

    private static string Refusal(string path, int? clusterSize = null) => Assert.Throws<CheckpointException>(() => Read(path, clusterSize)).Message;
}
