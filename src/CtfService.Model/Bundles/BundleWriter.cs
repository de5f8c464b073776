using CtfService.Core.Models;
using CtfService.Model.Storage;

namespace CtfService.Model.Bundles;

/// <summary>Turns a folder of weight files into a bundle by writing its manifest, the last step of training and conversion.</summary>
public static class BundleWriter
{
    /// <summary>
    /// Copies the sources, hashes every weight file and writes <c>model.json</c> atomically, so that a reader never sees an incomplete bundle.
    /// </summary>
    /// <param name="directory">Created if it does not exist.</param>
    /// <param name="manifest">The manifest; its list of files is replaced, and what was recorded of another bundle is left out.</param>
    /// <param name="sources">
    /// The weight files to copy, by their names in the bundle. Files without a source must be in the folder, besides the optional usual labels.
    /// </param>
    /// <exception cref="CheckpointException">The manifest is inconsistent or a file is missing; the manifest in the folder is unchanged.</exception>
    public static Bundle Write(string directory, BundleManifest manifest, IReadOnlyDictionary<string, string>? sources = null)
    {
        var path = Path.Combine(directory, BundleFiles.Manifest);
        sources ??= new Dictionary<string, string>();
        var hasUsualLabels = sources.ContainsKey(BundleFiles.UsualLabels) || File.Exists(Path.Combine(directory, BundleFiles.UsualLabels));
        IReadOnlyList<string> names = [.. BundleFiles.Of(manifest), .. hasUsualLabels ? [BundleFiles.UsualLabels] : (string[])[]];
        BundleReader.RequireSound(path,
        [
            .. BundleManifestValidator.Problems(manifest),
            .. sources.Keys.Except(names).Select(name => $"'{name}' has a source; expected only {string.Join(", ", names)}"),
            .. names.Select(name => sources.GetValueOrDefault(name, Path.Combine(directory, name)))
                .Where(file => !File.Exists(file))
                .Select(file => $"{file} is missing"),
        ]);

        Directory.CreateDirectory(directory);
        foreach (var (name, source) in sources.Where(file => Path.GetFullPath(file.Value) != Path.GetFullPath(Path.Combine(directory, file.Key))))
        {
            AtomicFile.Copy(source, Path.Combine(directory, name));
        }

        var files = names.Select(name => Describe(directory, name));
        var written = manifest with { FormatVersion = BundleManifest.CurrentFormatVersion, Files = [.. files] };
        var json = BundleJson.Serialize(written.Evaluation?.AppliesTo(written) == false ? written with { Evaluation = null } : written);
        if (written.Expected is { } expected && expected.Bundle != ManifestText.Hash(json))
        {
            json = BundleJson.Serialize(BundleJson.Deserialize(path, json) with { Expected = null });
        }

        AtomicFile.Write(path, stream => stream.Write(json));
        return BundleReader.Open(directory);
    }

    /// <summary>Throws if a bundle should not be written to a folder.</summary>
    /// <param name="option">The command-line option that names the folder.</param>
    /// <param name="overwrite">True if a bundle may be replaced.</param>
    /// <exception cref="CheckpointException">The folder contains a bundle that may not be replaced, or other files.</exception>
    public static void RequireFree(string directory, bool overwrite, string option = "--output")
    {
        if (File.Exists(Path.Combine(directory, BundleFiles.Manifest)))
        {
            if (!overwrite)
            {
                throw new CheckpointException(
                    $"{directory}: already contains a bundle. Choose another folder with {option}, or replace the bundle with --overwrite.");
            }
        }
        else if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new CheckpointException(
                $"{directory}: contains files that are not a bundle; nothing was changed. Choose a new or empty folder with {option}.");
        }
    }

    /// <summary>
    /// Writes a bundle next to the folder and then replaces the folder as a whole, so that a reader never sees a mixture. Other files in the folder, such as a
    /// model card, are kept, and so is the recorded evaluation of the bundle that is replaced if weights and sampling defaults are the same.
    /// </summary>
    /// <param name="directory">Created if it does not exist.</param>
    /// <param name="write">Writes the weight files to the folder that it is given, and returns the manifest without its list of files.</param>
    /// <exception cref="CheckpointException">The manifest is inconsistent or a file is missing; the folder is unchanged.</exception>
    public static Bundle Replace(string directory, Func<string, BundleManifest> write)
    {
        Bundle? written = null;
        new AtomicFolder(directory).Replace(next =>
        {
            CopyOthers(directory, next);
            written = Write(next, write(next) with { Evaluation = EvaluationIn(directory) });
        });
        return new Bundle(directory, written!.Manifest, written.Hash);
    }

    /// <summary>
    /// Returns the evaluation that the bundle in a folder records; null if there is none, no bundle, or a manifest that cannot be read.
    /// </summary>
    public static BundleEvaluation? EvaluationIn(string directory)
    {
        var path = Path.Combine(directory, BundleFiles.Manifest);
        try
        {
            return File.Exists(path) ? BundleJson.Deserialize(path, File.ReadAllBytes(path)).Evaluation : null;
        }
        catch (CheckpointException)
        {
            return null;
        }
    }

    private static void CopyOthers(string directory, string next)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        var others = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(directory, file)).Except(BundleFiles.All);
        foreach (var name in others)
        {
            var target = Path.Combine(next, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(directory, name), target);
        }
    }

    private static BundleFile Describe(string directory, string name)
    {
        using var file = InputFile.Open(Path.Combine(directory, name));
        return new BundleFile(name, file.Sha256(), file.Length);
    }
}
