using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Short names for what decides a result, to see whether it changed.</summary>
internal static class Fingerprints
{
    public static string Of(JsonObject settings, IReadOnlyList<ExperimentJob> needs) =>
        Of($"{settings.ToJsonString()}\n{string.Join('\n', needs.Select(need => $"{need.Name} {need.Fingerprint}"))}");

    /// <summary>A file by its bytes; a folder by the names and lengths of its files.</summary>
    public static string OfPath(string path)
    {
        if (!Directory.Exists(path))
        {
            using var stream = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }

        var files = new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => $"{Path.GetRelativePath(path, file.FullName).Replace(Path.DirectorySeparatorChar, '/')} {file.Length}");
        return Of(string.Join('\n', files.Order(StringComparer.Ordinal)));
    }

    private static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
