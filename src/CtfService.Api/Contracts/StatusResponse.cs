using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>What the service is doing, and the limits of requests.</summary>
/// <param name="ObjectType">Always <c>status</c>.</param>
/// <param name="Status">ready, loading, failing, failed, stopping or crashed.</param>
/// <param name="Model">Name of the loaded model; null if no model is loaded.</param>
/// <param name="Reason">Why the service accepts no images; null if it does.</param>
/// <param name="Devices">The devices that serve the model, in the order of the settings.</param>
/// <param name="Queue">How full the queue is.</param>
/// <param name="Limits">The largest values that requests may have.</param>
public sealed record StatusResponse(
    [property: JsonPropertyName("object"), AllowedValues("status")] string ObjectType,
    string Status,
    string? Model,
    string? Reason,
    IReadOnlyList<DeviceEntry> Devices,
    QueueEntry Queue,
    RequestLimits Limits);

/// <summary>How full the queue is. Images of batches and data sets are not counted, because they give way to all others.</summary>
/// <param name="ImagesWaiting">Images that wait to start.</param>
/// <param name="ImagesRunning">Images that are drawn now.</param>
/// <param name="Capacity">Images that may wait at most. A request that does not fit as a whole gets 429.</param>
/// <param name="WaitSeconds">Expected time until one further image would start, from measured times, seconds.</param>
public sealed record QueueEntry(int ImagesWaiting, int ImagesRunning, int Capacity, double WaitSeconds);

/// <summary>The largest values that requests may have.</summary>
/// <param name="N">Images of a request.</param>
/// <param name="GuidanceScale">Guidance scale of either stage.</param>
/// <param name="Temperature">Temperature of either stage.</param>
/// <param name="UploadBytes">Size of an uploaded picture, bytes.</param>
/// <param name="UploadPixels">Size of an uploaded picture, pixels: width times height.</param>
public sealed record RequestLimits(int N, float GuidanceScale, float Temperature, int UploadBytes, int UploadPixels);
