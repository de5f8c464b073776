using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A model that has taken the place of another.</summary>
/// <param name="ObjectType">Always <c>model_switch</c>.</param>
/// <param name="Bundle">Where it came from.</param>
/// <param name="Model">What serves now.</param>
/// <param name="Replaced">What served before, and finishes what it has begun; null where nothing did.</param>
public sealed record ModelSwitchResponse(
    [property: JsonPropertyName("object"), AllowedValues("model_switch")] string ObjectType, string Bundle, ModelResponse Model, ReplacedModelEntry? Replaced, SwitchTimings Timings);

/// <summary>A model that no longer gets requests.</summary>
/// <param name="Bundle">What brings it back.</param>
/// <param name="Id">Its name.</param>
/// <param name="BundleHash">SHA-256 of its manifest.</param>
public sealed record ReplacedModelEntry(string Bundle, string Id, string BundleHash);

/// <summary>Milliseconds that a switch took.</summary>
/// <param name="LoadMs">Reading and checking the bundle.</param>
/// <param name="WarmUpMs">Its first image.</param>
/// <param name="SwitchMs">All together, from the request until the model took requests; waiting for the model before last to finish is part of it.</param>
public sealed record SwitchTimings(double LoadMs, double WarmUpMs, double SwitchMs);
