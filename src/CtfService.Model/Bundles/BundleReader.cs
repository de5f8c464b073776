using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Storage;

namespace CtfService.Model.Bundles;

/// <summary>Opens a bundle: reads the manifest, then checks every file against it. The first step of loading a model.</summary>
public static class BundleReader
{
    /// <summary>Bytes; a manifest with 1,000 classes has 50,000.</summary>
    private const long MaxManifestLength = 64 << 20;

    /// <summary>Checks the manifest and the length and hash of every file; names and shapes of the weights are checked when they are loaded.</summary>
    /// <param name="cancellation">Checked for each megabyte of a file.</param>
    /// <exception cref="CheckpointException">The folder is not a valid bundle; the message lists every problem.</exception>
    public static Bundle Open(string directory, CancellationToken cancellation = default) =>
        Read(directory, (file, listed) => BundleFileProblems.OfContents(file, listed, cancellation));

    /// <summary>As <see cref="Open"/>, but also checks every safetensors header and keeps the files open for loading.</summary>
    /// <inheritdoc cref="Open"/>
    internal static BundleWeights OpenWeights(string directory, CancellationToken cancellation = default)
    {
        var files = new Dictionary<string, SafetensorsFile>();
        try
        {
            var bundle = Read(
                directory,
                (file, listed) => BundleFileProblems.OfContents(file, listed, cancellation),
                keep: (file, listed) =>
                {
                    var opened = SafetensorsFile.Open(file);
                    if (!files.TryAdd(listed.Name, opened)) // listed twice, which is one of the problems
                    {
                        opened.Dispose();
                    }
                });
            return new BundleWeights(bundle, files);
        }
        catch
        {
            foreach (var file in files.Values)
            {
                file.Dispose();
            }

            throw;
        }
    }

    /// <summary>
    /// Checks what is cheap to check, for a list of bundles: the manifest, and the length and safetensors header of every file. Hashes are not compared.
    /// </summary>
    /// <exception cref="CheckpointException">The folder is not a valid bundle as far as it was checked; the message lists every problem.</exception>
    public static ModelDescription Survey(string directory) => Read(directory, BundleFileProblems.OfHeader).Describe();

    /// <summary>Computes the SHA-256 of a file, in lower-case hex.</summary>
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
            throw new CheckpointException($"{path} is not a valid bundle:{Environment.NewLine}  {lines}") { IsTransient = isTransient };
        }
    }

    /// <param name="keep">Takes ownership of each file without a problem; null closes the files.</param>
    private static Bundle Read(string directory, Func<InputFile, BundleFile, string?> check, Action<InputFile, BundleFile>? keep = null)
    {
        var path = Path.Combine(directory, BundleFiles.Manifest);
        if (!File.Exists(path))
        {
            throw new CheckpointException(Directory.Exists(directory)
                ? $"{directory}: contains no {BundleFiles.Manifest}, so it is not a model bundle. Create one with `ctf convert` or `ctf bundle`."
                : $"{directory}: the folder does not exist. Set the path of the model to a bundle, a folder with {BundleFiles.Manifest}.")
            { IsTransient = true };
        }

        var json = ReadManifest(path);
        var manifest = BundleJson.Deserialize(path, json);
        List<string> problems = [.. BundleManifestValidator.Problems(manifest), .. BundleFileProblems.OfList(manifest)];
        var files = BundleFileProblems.OfFiles(directory, manifest, check, keep);
        RequireSound(path, [.. problems, .. files.Select(file => file.Problem)], isTransient: problems.Count == 0 && files.All(file => file.IsTransient));
        return new Bundle(directory, manifest, ManifestText.Hash(json));
    }

    private static byte[] ReadManifest(string path)
    {
        using var file = InputFile.Open(path);
        return file.Length <= MaxManifestLength
            ? file.Read(0, file.Length)
            : throw new CheckpointException($"{path}: has {file.Length} bytes; a manifest may have at most {MaxManifestLength}.");
    }
}
