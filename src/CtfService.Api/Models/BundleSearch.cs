using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Api.Models;

/// <summary>
/// Finds the configured bundle, then loads it. A relative folder works from the repository, from the build output and from a
/// published folder alike.
/// </summary>
internal sealed class BundleSearch(string bundle, IReadOnlyList<string> roots, Func<string, IImageGeneratorFactory> open) : IImageGeneratorFactory
{
    /// <summary>What makes a folder a bundle.</summary>
    private const string ManifestFile = "model.json";

    /// <exception cref="CheckpointException">No bundle where one was looked for, or it cannot be loaded.</exception>
    public IImageGenerator Load(CancellationToken cancellation) => open(Find()).Load(cancellation);

    /// <summary>Current folder, content root, and the program's folder with all above it.</summary>
    public static IReadOnlyList<string> Roots(string currentDirectory, string contentRoot, string programDirectory)
    {
        var roots = new List<string> { currentDirectory, contentRoot };
        for (var folder = new DirectoryInfo(programDirectory); folder is not null; folder = folder.Parent)
        {
            roots.Add(folder.FullName);
        }

        return [.. roots.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))).Distinct()];
    }

    internal string Find()
    {
        // Path.Combine keeps an absolute bundle as it is, whatever the root.
        var candidates = roots.Select(root => Path.GetFullPath(Path.Combine(root, bundle))).Distinct().ToList();
        return candidates.Find(folder => File.Exists(Path.Combine(folder, ManifestFile)))
            ?? throw new CheckpointException(
                $"Model:Bundle is '{bundle}', but no folder of that name holds a {ManifestFile}. Looked in {string.Join(", ", candidates)}. Correct the setting or put the bundle there.");
    }
}
