using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using static TorchSharp.torch;

namespace CtfService.Model.Clusters;

/// <summary>
/// Reads and writes a cluster map as safetensors: <c>cluster_of_token</c> I32 [K] and <c>centroids</c> F32 [C, e].
/// </summary>
internal static class ClusterMapFile
{
    private const string ClusterOfToken = "cluster_of_token";
    private const string Centroids = "centroids";

    public static void Save(ClusterMap map, string path, IReadOnlyDictionary<string, string>? metadata)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(path,
        [
            (ClusterOfToken, tensor(map.ClusterOfToken.ToArray(), ScalarType.Int32)),
            (Centroids, tensor(map.Centroids.ToArray(), ScalarType.Float32).reshape(map.ClusterCount, map.CodewordWidth)),
        ], metadata);
    }

    /// <exception cref="CheckpointException">The file is missing, damaged or not a cluster map.</exception>
    public static ClusterMap Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Load(file);
    }

    /// <exception cref="CheckpointException">The file is damaged or not a cluster map.</exception>
    public static ClusterMap Load(SafetensorsFile file)
    {
        Require(file, ClusterOfToken, ScalarType.Int32, dimensions: 1);
        Require(file, Centroids, ScalarType.Float32, dimensions: 2);
        if (file.Entries.Count > 2)
        {
            var others = file.Entries.Select(entry => entry.Name).Except([ClusterOfToken, Centroids]);
            throw new CheckpointException($"{file.Path}: contains {string.Join(", ", others)}; a cluster map has only {ClusterOfToken} and {Centroids}.");
        }

        using var scope = NewDisposeScope();
        var clusters = file.Read(ClusterOfToken).data<int>().ToArray();
        var centroids = file.Read(Centroids).data<float>().ToArray();
        return ClusterMap.TryRestore(clusters, centroids, (int)file.Entry(Centroids).Shape[0], out var problem)
            ?? throw new CheckpointException($"{file.Path}: is not a cluster map: {problem}.");
    }

    private static void Require(SafetensorsFile file, string name, ScalarType dtype, int dimensions)
    {
        var entry = file.Entry(name);
        if (entry.Dtype != dtype || entry.Shape.Count != dimensions || entry.ByteLength == 0)
        {
            throw new CheckpointException(
                $"{file.Path}: {name} is {entry.Dtype} {entry.ShapeText}; expected {dtype} with {dimensions} non-zero dimension(s).");
        }
    }
}
