using CtfService.Core.Models;
using CtfService.Model.Bundles;

namespace CtfService.Api.Models;

/// <summary>Finds the configured bundle, the first to be loaded, then loads it.</summary>
internal sealed class BundleSearch(string bundle, SearchRoots roots, BundleOpener open) : IImageGeneratorFactory
{
    /// <exception cref="CheckpointException">No bundle where one was looked for, or it cannot be loaded.</exception>
    public IImageGenerator Load(CancellationToken cancellation) => open(Find(), besideAnother: false).Load(cancellation);

    internal string Find()
    {
        var candidates = roots.Candidates(bundle);
        return candidates.FirstOrDefault(IsBundle)
            ?? throw new CheckpointException(
                $"Model:Bundle is '{bundle}', but no folder of that name holds a {BundleFiles.Manifest}. "
                + $"Looked in {string.Join(", ", candidates)}. Correct the setting or put the bundle there.")
            { IsTransient = true }; // a mount may come late
    }

    /// <summary>What makes a folder a bundle.</summary>
    internal static bool IsBundle(string folder) => File.Exists(Path.Combine(folder, BundleFiles.Manifest));
}

/// <summary>From a bundle's folder to what loads it.</summary>
/// <param name="besideAnother">Whether another model goes on serving meanwhile.</param>
public delegate IImageGeneratorFactory BundleOpener(string folder, bool besideAnother);
