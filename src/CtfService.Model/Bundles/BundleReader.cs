using System.Security.Cryptography;
using CtfService.Core.Models;
using CtfService.Model.Storage;

namespace CtfService.Model.Bundles;

/// <summary>Opens a bundle: manifest first, then every file against it. The first step of loading a model.</summary>
public static class BundleReader
{
    /// <summary>Bytes. A manifest of 1,000 classes has 50,000.</summary>
    private const long MaxManifestLength = 64 << 20;

    /// <summary>Checks everything but the weights' names and shapes, which are checked when a part is loaded. Reads every file once.</summary>
    /// <param name="cancellation">Looked at for each megabyte of a file.</param>
    /// <exception cref="CheckpointException">The folder is not a sound bundle; every problem is named.</exception>
    public static Bundle Open(string directory, CancellationToken cancellation = default) =>
        Read(directory, (file, listed) => BundleFileProblems.OfContents(file, listed, cancellation));

    /// <summary>
    /// Checks what is cheap to check, for a list of bundles: the manifest, and of every file that it is there, its length and its safetensors header. The
    /// hashes are not compared.
    /// </summary>
    /// <exception cref="CheckpointException">The folder is not a sound bundle as far as was looked; every problem is named.</exception>
    public static ModelDescription Survey(string directory) => Read(directory, BundleFileProblems.OfHeader).Describe();

    /// <summary>SHA-256 of a file, lower-case hex.</summary>
    /// <exception cref="CheckpointException">The file is missing or cannot be read.</exception>
    public static string Hash(string path)
    {
        using var file = InputFile.Open(path);
        return file.Sha256();
    }

    internal static void RequireSound(string path, IReadOnlyList<string> problems, bool isTransient = false)
    {
        if (problems.Count > 0)
        {
            var lines = string.Join($"{Environment.NewLine}  ", problems);
            throw new CheckpointException($"{path} does not describe a sound bundle:{Environment.NewLine}  {lines}") { IsTransient = isTransient };
        }
    }

    private static Bundle Read(string directory, Func<InputFile, BundleFile, string?> check)
    {
        var path = Path.Combine(directory, BundleFiles.Manifest);
        if (!File.Exists(path))
        {
            throw new CheckpointException(Directory.Exists(directory)
                ? $"{directory}: holds no {BundleFiles.Manifest}, so it is not a model bundle. Make one with `ctf convert` or the trainers."
                : $"{directory}: there is no such folder. Set the model's path to a bundle, a folder with {BundleFiles.Manifest}.")
            { IsTransient = true };
        }

        var json = ReadManifest(path);
        var manifest = BundleJson.Deserialize(path, json);
        List<string> problems = [.. BundleManifestValidator.Problems(manifest), .. BundleFileProblems.OfList(manifest)];
        var files = BundleFileProblems.OfFiles(directory, manifest, check);
        RequireSound(path, [.. problems, .. files.Select(file => file.Problem)], isTransient: problems.Count == 0 && files.All(file => file.IsTransient));
        return new Bundle(directory, manifest, Convert.ToHexStringLower(SHA256.HashData(json)));
    }

    private static byte[] ReadManifest(string path)
    {
        using var file = InputFile.Open(path);
        return file.Length <= MaxManifestLength
            ? file.Read(0, file.Length)
            : throw new CheckpointException($"{path}: has {file.Length} bytes; a manifest has at most {MaxManifestLength}.");
    }
}
