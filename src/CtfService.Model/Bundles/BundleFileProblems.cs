using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Bundles;

/// <summary>
/// Finds differences between the weight files of a bundle and its manifest. A file may be a symbolic link to any target, as in the Hugging Face cache and in
/// Kubernetes volumes: the target must have the length and SHA-256 in the manifest, so a link cannot bring in other content.
/// </summary>
internal static class BundleFileProblems
{
    /// <summary>Finds wrong entries in the manifest's list of files.</summary>
    public static IEnumerable<string> OfList(BundleManifest manifest)
    {
        var required = BundleFiles.Of(manifest);
        var expected = Expected(manifest);
        return
        [
            .. required.Where(name => manifest.Files.Count(file => file.Name == name) != 1).Select(name => $"files must list {name} once"),
            .. manifest.Files.Count(file => file.Name == BundleFiles.UsualLabels) > 1 ? [$"files lists {BundleFiles.UsualLabels} twice"] : (string[])[],
            .. manifest.Files.Where(file => !expected.Contains(file.Name))
                .Select(file => $"files lists '{file.Name}'; expected only {string.Join(", ", expected)}"),
        ];
    }

    /// <summary>Finds the problems of the files, and whether another attempt may succeed.</summary>
    /// <param name="check"><see cref="OfContents"/> or <see cref="OfHeader"/>.</param>
    /// <param name="keep">Takes ownership of each file without a problem, or throws a <see cref="CheckpointException"/>; null closes the files.</param>
    public static IReadOnlyList<(string Problem, bool IsTransient)> OfFiles(
        string directory, BundleManifest manifest, Func<InputFile, BundleFile, string?> check, Action<InputFile, BundleFile>? keep)
    {
        var expected = Expected(manifest);
        return [.. manifest.Files.Where(file => expected.Contains(file.Name)).Select(file => OfFile(directory, file, check, keep)).OfType<(string, bool)>()];
    }

    /// <summary>Compares the hash, for which every byte is read.</summary>
    public static string? OfContents(InputFile file, BundleFile listed, CancellationToken cancellation)
    {
        var hash = file.Sha256(cancellation);
        return hash == listed.Sha256 ? null : $"{listed.Name} has the SHA-256 {hash}, but the manifest says {listed.Sha256}; it was changed or damaged";
    }

    /// <summary>Checks the safetensors header only.</summary>
    public static string? OfHeader(InputFile file, BundleFile listed)
    {
        SafetensorsFile.RequireHeader(file);
        return null;
    }

    private static IReadOnlyList<string> Expected(BundleManifest manifest) => [.. BundleFiles.Of(manifest), BundleFiles.UsualLabels];

    private static (string Problem, bool IsTransient)? OfFile(
        string directory, BundleFile listed, Func<InputFile, BundleFile, string?> check, Action<InputFile, BundleFile>? keep)
    {
        var path = Path.Combine(directory, listed.Name);
        if (!Exists(path, out var link))
        {
            return ($"{listed.Name} is missing{(link is null ? "" : $": it is a link to '{link}', which does not exist")}", IsTransient: true);
        }

        InputFile? file = null;
        try
        {
            file = InputFile.Open(path);
            if ((file.Length == listed.Bytes ? check(file, listed) : WrongLength(file, listed)) is { } problem)
            {
                return (problem, IsTransient: false);
            }

            keep?.Invoke(file, listed);
            file = keep is null ? file : null;
            return null;
        }
        catch (CheckpointException error)
        {
            return (error.Message, error.IsTransient);
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <param name="link">The target if the path is a link.</param>
    private static bool Exists(string path, out string? link)
    {
        link = new FileInfo(path).LinkTarget;
        try
        {
            return link is null ? File.Exists(path) : File.ResolveLinkTarget(path, returnFinalTarget: true) is FileInfo { Exists: true };
        }
        catch (IOException) // a cycle of links
        {
            return false;
        }
    }

    private static string WrongLength(InputFile file, BundleFile listed)
    {
        var reason = ForeignContent.Find(file) ?? (file.Length < listed.Bytes ? "was truncated" : "was replaced");
        return $"{listed.Name} has {file.Length} bytes, but the manifest says {listed.Bytes}; it {reason}";
    }
}
