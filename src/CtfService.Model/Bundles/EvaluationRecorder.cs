using CtfService.Core.Models;
using CtfService.Model.Storage;

namespace CtfService.Model.Bundles;

/// <summary>Writes an evaluation into the manifest of the bundle that it is of.</summary>
public static class EvaluationRecorder
{
    /// <summary>Checks every file of the bundle, then replaces its manifest atomically. The bundle's hash and its weight files stay as they are.</summary>
    /// <param name="evaluated">The bundle that was evaluated.</param>
    /// <exception cref="CheckpointException">The bundle in the folder is damaged, or not the one that was evaluated; nothing was changed.</exception>
    public static Bundle Record(Bundle evaluated, BundleEvaluation evaluation)
    {
        var (directory, path) = (evaluated.Directory, Path.Combine(evaluated.Directory, BundleFiles.Manifest));
        var found = BundleReader.Open(directory);
        if (found.Hash != evaluated.Hash || !evaluation.AppliesTo(found.Manifest))
        {
            throw new CheckpointException(
                $"{path}: is not the bundle that was evaluated: its hash is {found.Hash}, and that of the evaluated one {evaluated.Hash}. "
                + "Nothing was recorded. Evaluate the bundle that is there now.");
        }

        BundleReader.RequireSound(path, [.. evaluation.Problems()]);
        AtomicFile.WriteBytes(path, ManifestText.With(File.ReadAllBytes(path), evaluation));
        return BundleReader.Open(directory);
    }
}
