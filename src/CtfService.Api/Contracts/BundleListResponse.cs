using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>The bundles on disk and the models in memory.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">Bundles up to two folders below Model:Root, ordered by name.</param>
/// <param name="Instances">Models in memory, the current one first.</param>
/// <param name="LastSwitch">The result of the last switch; null before the first.</param>
public sealed record BundleListResponse(
    [property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType,
    IReadOnlyList<BundleEntry> Data,
    [property: JsonPropertyName("lanes")] IReadOnlyList<ModelInstanceEntry> Instances,
    LastSwitchEntry? LastSwitch);

/// <summary>
/// A bundle on disk. The list checks the manifest, and the presence, length and header of every weight file; loading also compares the hashes.
/// </summary>
/// <param name="Bundle">Name to send to <c>POST /v1/admin/models</c>.</param>
/// <param name="Id">Name of the model; null if there is a problem.</param>
/// <param name="BundleHash">SHA-256 of the manifest; null if there is a problem.</param>
/// <param name="Problem">What is wrong with the manifest or the weight files; null if the list finds nothing.</param>
public sealed record BundleEntry(string Bundle, string? Id, string? BundleHash, string? Problem);

/// <summary>A model in memory.</summary>
/// <param name="Bundle">The bundle that it was loaded from.</param>
/// <param name="State">
/// <c>active</c> accepts requests; <c>loading</c> is not ready yet; <c>draining</c> finishes its admitted images; <c>failed</c> could not be loaded;
/// <c>crashed</c> has stopped working; <c>stopping</c> shuts down with the service.
/// </param>
/// <param name="Id">Name of the model; null if it is not loaded.</param>
/// <param name="BundleHash">SHA-256 of the loaded manifest; null if no model is loaded.</param>
/// <param name="Reason">Why it failed or crashed; otherwise null.</param>
public sealed record ModelInstanceEntry(
    string Bundle,
    [property: AllowedValues("active", "loading", "draining", "failed", "crashed", "stopping")] string State,
    string? Id,
    string? BundleHash,
    string? Reason);

/// <summary>The result of a switch.</summary>
/// <param name="Bundle">The requested bundle.</param>
/// <param name="Ended">When it ended, seconds since 1970.</param>
/// <param name="Failure">Why the bundle could not be loaded; null if it was.</param>
public sealed record LastSwitchEntry(string Bundle, long Ended, string? Failure);
