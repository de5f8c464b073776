using System.Security.Cryptography;
using CtfService.Core.Models;

namespace CtfService.Model.Bundles;

/// <summary>Opens a bundle: manifest first, then every file against it. The first step of loading a model.</summary>
public static class BundleReader
{
    /// <summary>Checks everything but the weights' names and shapes, which are checked when a part is loaded. Reads every file once.</summary>
    /// <exception cref="CheckpointException">The folder is not a sound bundle; every problem is named.</exception>
    public static Bundle Open(string directory)
    {
        return Read(directory, manifest => FileProblems(directory, manifest));
    }

    /// <summary>What the manifest alone says of the model; no other file is looked at.</summary>
    /// <exception cref="CheckpointException">The folder has no sound manifest; every problem is named.</exception>
    public static ModelDescription ReadManifest(string directory) => Read(directory, _ => []).Describe();

    private static Bundle Read(string directory, Func<BundleManifest, IEnumerable<string>> fileProblems)
    {
        var path = Path.Combine(directory, BundleFiles.Manifest);
        if (!File.Exists(path))
        {
            throw new CheckpointException(Directory.Exists(directory)
                ? $"{directory}: holds no {BundleFiles.Manifest}, so it is not a model bundle. Make one with `ctf convert` or the trainers."
                : $"{directory}: there is no such folder. Set the model's path to a bundle, a folder with {BundleFiles.Manifest}.");
        }

        try
        {
            var json = File.ReadAllBytes(path);
            var manifest = BundleJson.Deserialize(path, json);
            RequireSound(path, [.. BundleManifestValidator.Problems(manifest), .. fileProblems(manifest)]);
            return new Bundle(directory, manifest, Convert.ToHexStringLower(SHA256.HashData(json)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{directory}: cannot be read ({error.Message}).", error);
        }
    }

    internal static void RequireSound(string path, IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
        {
            var lines = string.Join($"{Environment.NewLine}  ", problems);
            throw new CheckpointException($"{path} does not describe a sound bundle:{Environment.NewLine}  {lines}");
        }
    }

    /// <summary>SHA-256 of a file, lower-case hex.</summary>
    public static string Hash(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static IEnumerable<string> FileProblems(string directory, BundleManifest manifest)
    {
        var expected = BundleFiles.Of(manifest);
        foreach (var name in expected.Where(name => manifest.Files.Count(file => file.Name == name) != 1))
        {
            yield return $"files must list {name} once";
        }

        foreach (var file in manifest.Files)
        {
            var problem = expected.Contains(file.Name)
                ? Problem(Path.Combine(directory, file.Name), file)
                : $"files lists '{file.Name}', expected only {string.Join(", ", expected)}";
            if (problem is not null)
            {
                yield return problem;
            }
        }
    }

    private static string? Problem(string path, BundleFile file)
    {
        if (!File.Exists(path))
        {
            return $"{file.Name} is missing";
        }

        var length = new FileInfo(path).Length;
        if (length != file.Bytes)
        {
            return $"{file.Name} has {length} bytes, the manifest says {file.Bytes}; it was {(length < file.Bytes ? "cut off" : "replaced")}";
        }

        var hash = Hash(path);
        return hash == file.Sha256 ? null : $"{file.Name} has the SHA-256 {hash}, the manifest says {file.Sha256}; it was changed or damaged";
    }
}
