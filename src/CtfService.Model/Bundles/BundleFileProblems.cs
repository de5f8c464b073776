using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Bundles;

/// <summary>
/// Compares the weight files of a bundle with its manifest. A file may be a symbolic link that leads anywhere (Hugging Face's cache and Kubernetes' volumes are
/// made of links): what it leads to counts only if it has the length and SHA-256 that the manifest names, so a link cannot bring in other content.
/// </summary>
internal static class BundleFileProblems
{
    /// <summary>Contradictions in the manifest's list of files.</summary>
    public static IEnumerable<string> OfList(BundleManifest manifest)
    {
        var expected = BundleFiles.Of(manifest);
        return
        [
            .. expected.Where(name => manifest.Files.Count(file => file.Name == name) != 1).Select(name => $"files must list {name} once"),
            .. manifest.Files.Where(file => !expected.Contains(file.Name))
                .Select(file => $"files lists '{file.Name}', expected only {string.Join(", ", expected)}"),
        ];
    }

    /// <summary>What is wrong with the files themselves, and whether another attempt may find it right.</summary>
    /// <param name="check"><see cref="OfContents"/> or <see cref="OfHeader"/>.</param>
    /// <param name="keep">Takes over each file that has no problem; may throw a <see cref="CheckpointException"/>. Without it the files are closed.</param>
    public static IReadOnlyList<(string Problem, bool IsTransient)> OfFiles(
        string directory, BundleManifest manifest, Func<InputFile, BundleFile, string?> check, Action<InputFile, BundleFile>? keep)
    {
        var expected = BundleFiles.Of(manifest);
        return [.. manifest.Files.Where(file => expected.Contains(file.Name)).Select(file => OfFile(directory, file, check, keep)).OfType<(string, bool)>()];
    }

    /// <summary>Compares the hash: every byte is read.</summary>
    public static string? OfContents(InputFile file, BundleFile listed, CancellationToken cancellation)
    {
        var hash = file.Sha256(cancellation);
        return hash == listed.Sha256 ? null : $"{listed.Name} has the SHA-256 {hash}, the manifest says {listed.Sha256}; it was changed or damaged";
    }

    /// <summary>Reads the header only, whatever the size of the file.</summary>
    public static string? OfHeader(InputFile file, BundleFile listed)
    {
        SafetensorsFile.RequireHeader(file);
        return null;
    }

    private static (string Problem, bool IsTransient)? OfFile(
        string directory, BundleFile listed, Func<InputFile, BundleFile, string?> check, Action<InputFile, BundleFile>? keep)
    {
        var path = Path.Combine(directory, listed.Name);
        if (!Exists(path, out var link))
        {
            return ($"{listed.Name} is missing{(link is null ? "" : $": it is a link to '{link}', which is not there")}", IsTransient: true);
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

    /// <param name="link">Where it leads if it is a link.</param>
    private static bool Exists(string path, out string? link)
    {
        link = new FileInfo(path).LinkTarget;
        try
        {
            return link is null ? File.Exists(path) : File.ResolveLinkTarget(path, returnFinalTarget: true) is FileInfo { Exists: true };
        }
        catch (IOException) // links in a circle
        {
            return false;
        }
    }

    private static string WrongLength(InputFile file, BundleFile listed)
    {
        var reason = ForeignContent.Find(file) ?? (file.Length < listed.Bytes ? "was cut off" : "was replaced");
        return $"{listed.Name} has {file.Length} bytes, the manifest says {listed.Bytes}; it {reason}";
    }
}
