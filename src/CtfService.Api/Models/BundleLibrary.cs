using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Core.Models;
using CtfService.Inference.Routing;
using CtfService.Model.Bundles;

namespace CtfService.Api.Models;

/// <summary>
/// The bundles that operators may load by name: folders below Model:Root and nothing outside it, regardless of what a name contains or where a link points.
/// Reads the disk on each call. Thread-safe.
/// </summary>
internal sealed class BundleLibrary(ModelOptions options, SearchRoots roots, BundleOpener open)
{
    /// <summary>Maximum depth of listed folders below the root; deeper bundles can still be loaded.</summary>
    private const int ListedDepth = 2;

    private const int MaxNameLength = 512;

    private const string Field = "bundle";

    /// <summary>Returns all bundles, sorted by name.</summary>
    public IReadOnlyList<StoredBundle> List()
    {
        if (FindRoot() is not { } root)
        {
            return [];
        }

        // Skips hidden and inaccessible folders.
        var search = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = ListedDepth };
        return [.. Directory.EnumerateFiles(root, BundleFiles.Manifest, search)
            .Select(manifest => Path.GetDirectoryName(manifest)!)
            .Where(folder => folder != root && LinksBelow.Follow(root, folder) is not null)
            .Select(folder => Read(NameOf(folder), folder))
            .OrderBy(bundle => bundle.Name, StringComparer.Ordinal)];
    }

    /// <summary>Returns the bundle of the given name.</summary>
    /// <exception cref="RequestRefusedException">The name is not that of a bundle below the root.</exception>
    public ModelOrigin Find(string? name)
    {
        if (name is null)
        {
            throw RequestRefusedException.For(Field, "required", "bundle is missing; expected the name of a bundle. GET /v1/admin/models lists them.");
        }

        RequirePath(name);
        var root = FindRoot() ?? throw NotFound(name, options.Root.Length == 0
            ? $"Model:Root is not set, and the folder of Model:Bundle '{options.Bundle}' does not exist. "
                + "Set Model:Root to the folder that contains the bundles."
            : $"Model:Root is '{options.Root}', which does not exist. Correct the setting.");
        var folder = LinksBelow.Follow(root, Path.GetFullPath(Path.Combine(root, name)))
            ?? throw NotFound(name, "A link on its path leads out of Model:Root. Put the bundle itself there.");
        return BundleSearch.IsBundle(folder)
            ? new ModelOrigin(name, ServingDevice.Origins(ServingDevice.Of(options), device => open(folder, device, alongsideAnother: true)))
            : throw Missing(name);
    }

    /// <summary>Name of the first model: relative to the root if it lies below it, otherwise as configured.</summary>
    public string NameOfFirst() => roots.Candidates(options.Bundle).FirstOrDefault(BundleSearch.IsBundle) is { } folder ? NameOf(folder) : options.Bundle;

    private string NameOf(string folder) =>
        FindRoot() is { } root && LinksBelow.IsBelow(root, folder) ? Path.GetRelativePath(root, folder).Replace('\\', '/') : folder;

    /// <summary>
    /// Returns the configured root or, by default, the folder that contains the first model. Null if it does not exist or is the root of a disk, which is
    /// never intended.
    /// </summary>
    private string? FindRoot()
    {
        if (options.Root.Length > 0)
        {
            return roots.Candidates(options.Root).FirstOrDefault(Directory.Exists);
        }

        var candidates = roots.Candidates(options.Bundle);
        var home = Path.GetDirectoryName(candidates.FirstOrDefault(BundleSearch.IsBundle))
            ?? candidates.Select(Path.GetDirectoryName).FirstOrDefault(Directory.Exists);
        return Path.GetDirectoryName(home) is null ? null : home;
    }

    private static void RequirePath(string name)
    {
        var isBelow = name.Length is > 0 and <= MaxNameLength
            && !Path.IsPathRooted(name)
            && !name.Any(char.IsControl)
            && name.Split('/', '\\').All(part => part is not ("" or "." or ".."));
        if (!isBelow)
        {
            throw RequestRefusedException.For(
                Field,
                "invalid_bundle",
                "bundle must be a relative path below Model:Root, such as 'fruits-64' or 'fruits/v2': "
                + $"at most {MaxNameLength} characters, no '..', no leading slash.");
        }
    }

    private static StoredBundle Read(string name, string folder)
    {
        try
        {
            return new StoredBundle(name, BundleReader.Survey(folder), Problem: null);
        }
        catch (CheckpointException damaged)
        {
            return new StoredBundle(name, Model: null, damaged.Message);
        }
    }

    internal static RequestRefusedException Missing(string name) => NotFound(
        name, $"There is no folder of that name with a {BundleFiles.Manifest} below Model:Root. GET /v1/admin/models lists the bundles.");

    private static RequestRefusedException NotFound(string name, string why) =>
        RequestRefusedException.For(Field, "bundle_not_found", $"bundle '{name}' was not found. {why}");
}

/// <summary>A bundle on disk.</summary>
/// <param name="Name">Path below the root.</param>
/// <param name="Model">Description from its manifest; null if there is a problem.</param>
/// <param name="Problem">Problem of the bundle (<see cref="BundleReader.Survey"/>); null if there is none.</param>
internal sealed record StoredBundle(string Name, ModelDescription? Model, string? Problem);
