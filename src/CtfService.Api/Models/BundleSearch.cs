using CtfService.Core.Models;
using CtfService.Model.Bundles;

namespace CtfService.Api.Models;

/// <summary>Finds and loads the configured bundle, the first model, on one device.</summary>
internal sealed class BundleSearch(string bundle, SearchRoots roots, ServingDevice device, BundleOpener open) : IImageGeneratorFactory
{
    /// <exception cref="CheckpointException">No bundle was found, or it cannot be loaded.</exception>
    public IImageGenerator Load(CancellationToken cancellation) => open(Find(), device, alongsideAnother: false).Load(cancellation);

    internal string Find()
    {
        var candidates = roots.Candidates(bundle);
        return candidates.FirstOrDefault(IsBundle)
            ?? throw new CheckpointException(
                $"Model:Bundle is '{bundle}', but no folder of that name contains a {BundleFiles.Manifest}. "
                + $"Looked in {string.Join(", ", candidates)}. Correct the setting or put the bundle there.")
            { IsTransient = true }; // the folder may be mounted later
    }

    /// <summary>Returns true if the folder is a bundle.</summary>
    internal static bool IsBundle(string folder) => File.Exists(Path.Combine(folder, BundleFiles.Manifest));
}

/// <summary>Creates the factory that loads the bundle in a folder on a device.</summary>
/// <param name="alongsideAnother">True if another model keeps serving during the load.</param>
public delegate IImageGeneratorFactory BundleOpener(string folder, ServingDevice device, bool alongsideAnother);
