using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A completed switch to another model.</summary>
/// <param name="ObjectType">Always <c>model_switch</c>.</param>
/// <param name="Bundle">The bundle that the model was loaded from.</param>
/// <param name="Model">The model that serves now.</param>
/// <param name="Replaced">The model that served before and finishes its admitted images; null if there was none.</param>
public sealed record ModelSwitchResponse(
    [property: JsonPropertyName("object"), AllowedValues("model_switch")] string ObjectType,
    string Bundle,
    ModelResponse Model,
    ReplacedModelEntry? Replaced,
    SwitchTimings Timings);

/// <summary>A model that no longer accepts requests.</summary>
/// <param name="Bundle">Name to send to switch back.</param>
/// <param name="Id">Name of the model.</param>
/// <param name="BundleHash">SHA-256 of the manifest.</param>
public sealed record ReplacedModelEntry(string Bundle, string Id, string BundleHash);

/// <summary>Durations of a switch, milliseconds.</summary>
/// <param name="LoadMs">Time to read and check the bundle.</param>
/// <param name="WarmUpMs">Time to draw the first image.</param>
/// <param name="SwitchMs">Time from the request until the model accepted requests, including the wait for an earlier model to finish.</param>
public sealed record SwitchTimings(double LoadMs, double WarmUpMs, double SwitchMs);
