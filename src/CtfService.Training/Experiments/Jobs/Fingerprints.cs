using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Hashes of what determines a result, to detect changes.</summary>
internal static class Fingerprints
{
    public static string Of(JsonObject settings, IReadOnlyList<ExperimentJob> needs) =>
        Of($"{settings.ToJsonString()}\n{string.Join('\n', needs.Select(need => $"{need.Name} {need.Fingerprint}"))}");

    /// <summary>Returns the hash of a file.</summary>
    public static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Returns the fingerprint of a data set: the hash of a tar file, or that of the images of both splits of a folder or of named classes.</summary>
    public static string OfData(string path, int maxPixels, string? classNames, CancellationToken cancellation)
    {
        if (Directory.Exists(path) || classNames is not null)
        {
            string Images(string split) => DataFingerprint.Of(path, split, maxPixels, classNames, cancellation);
            return $"train: {Images(ImageDatasetReader.TrainSplit)}; test: {Images(ImageDatasetReader.TestSplit)}";
        }

        return maxPixels == ImageDatasetReader.DefaultMaxPixels ? OfFile(path) : $"{OfFile(path)}, images of at most {maxPixels} pixels";
    }

    private static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
