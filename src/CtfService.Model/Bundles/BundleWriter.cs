using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Storage;

namespace CtfService.Model.Bundles;

/// <summary>Makes a folder of weight files a bundle by writing its manifest, the last step of training and converting.</summary>
public static class BundleWriter
{
    /// <summary>Copies the sources, hashes every weight file and writes <c>model.json</c> at once, so that a reader never sees half a bundle.</summary>
    /// <param name="directory">Made where it does not exist.</param>
    /// <param name="manifest">Its list of files is replaced.</param>
    /// <param name="sources">Weight files to copy in, by their name in the bundle; files without a source must be in the folder.</param>
    /// <exception cref="CheckpointException">The manifest is inconsistent or a file is missing; the manifest in the folder was not changed.</exception>
    public static Bundle Write(string directory, BundleManifest manifest, IReadOnlyDictionary<string, string>? sources = null)
    {
        var path = Path.Combine(directory, BundleFiles.Manifest);
        var names = BundleFiles.Of(manifest);
        sources ??= new Dictionary<string, string>();
        BundleReader.RequireSound(path,
        [
            .. BundleManifestValidator.Problems(manifest),
            .. sources.Keys.Except(names).Select(name => $"'{name}' has a source, expected only {string.Join(", ", names)}"),
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
        var json = BundleJson.Serialize(manifest with { FormatVersion = BundleManifest.CurrentFormatVersion, Files = [.. files] });
        AtomicFile.Write(path, stream => stream.Write(json));
        return BundleReader.Open(directory);
    }

    private static BundleFile Describe(string directory, string name)
    {
        using var file = InputFile.Open(Path.Combine(directory, name));
        return new BundleFile(name, file.Sha256(), file.Length);
    }
}
