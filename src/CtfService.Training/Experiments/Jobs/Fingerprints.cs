using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Short names for what decides a result, to see whether it changed.</summary>
internal static class Fingerprints
{
    public static string Of(JsonObject settings, IReadOnlyList<ExperimentJob> needs) =>
        Of($"{settings.ToJsonString()}\n{string.Join('\n', needs.Select(need => $"{need.Name} {need.Fingerprint}"))}");

    /// <summary>A file by its bytes.</summary>
    public static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>A data set: a tar file by its bytes, a folder by the images of both splits.</summary>
    public static string OfData(string path, int maxPixels, CancellationToken cancellation)
    {
        if (Directory.Exists(path))
        {
            string Images(string split) => DataFingerprint.Of(path, split, maxPixels, cancellation);
            return $"train: {Images(ImageFolder.TrainSplit)}; test: {Images("test")}";
        }

        return maxPixels == ImageFolder.UsualMaxPixels ? OfFile(path) : $"{OfFile(path)}, images of at most {maxPixels} pixels";
    }

    private static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
