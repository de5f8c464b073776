using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>What can be loaded, and what is.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">Bundles on disk, by name: those up to two folders below Model:Root.</param>
/// <param name="Lanes">Models in memory, the current one first.</param>
/// <param name="LastSwitch">How the last switch ended; null before the first.</param>
public sealed record BundleListResponse(
    [property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<BundleEntry> Data, IReadOnlyList<LaneEntry> Lanes, LastSwitchEntry? LastSwitch);

/// <summary>
/// A bundle on disk. The list checks its manifest, and of every weight file that it is there, its length and its header; the hashes are compared when it is
/// loaded.
/// </summary>
/// <param name="Bundle">What <c>POST /v1/admin/models</c> takes.</param>
/// <param name="Id">Name of its model; null if there is a problem.</param>
/// <param name="BundleHash">SHA-256 of its manifest; null if there is a problem.</param>
/// <param name="Problem">What is wrong with the manifest or the weight files, as far as the list checks them; null if nothing is.</param>
public sealed record BundleEntry(string Bundle, string? Id, string? BundleHash, string? Problem);

/// <summary>A model in memory.</summary>
/// <param name="Bundle">Where it comes from.</param>
/// <param name="State">
/// <c>active</c> takes requests; <c>loading</c> will; <c>draining</c> finishes what it has begun; <c>failed</c> could not be loaded, <c>crashed</c> died, <c>stopping</c> ends with the service.
/// </param>
/// <param name="Id">Name of the model; null where it is not loaded.</param>
/// <param name="BundleHash">SHA-256 of the manifest that was loaded; null where none is.</param>
/// <param name="Reason">Why it failed or crashed; null where it did not.</param>
public sealed record LaneEntry(
    string Bundle, [property: AllowedValues("active", "loading", "draining", "failed", "crashed", "stopping")] string State, string? Id, string? BundleHash, string? Reason);

/// <summary>How a switch ended.</summary>
/// <param name="Bundle">What was asked for.</param>
/// <param name="Ended">Seconds since 1970.</param>
/// <param name="Failure">Why it could not be loaded; null where it was.</param>
public sealed record LastSwitchEntry(string Bundle, long Ended, string? Failure);
