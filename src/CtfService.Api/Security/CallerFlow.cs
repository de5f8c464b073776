using CtfService.Inference.Queue;

namespace CtfService.Api.Security;

/// <summary>The flow of a request: images of one key share the devices with those of others by weight.</summary>
internal static class CallerFlow
{
    public static ImageFlow Of(HttpContext http) =>
        CallerKey.Of(http) is { } key ? new ImageFlow(key.Name, key.Weight)
        : http.RequestServices.GetRequiredService<ApiKeyRing>().IsEmpty ? ImageFlow.Common
        : ImageFlow.WithoutKey;

    /// <summary>Returns the flow of a job.</summary>
    /// <param name="tenant">Name of the key of its owner; empty without one.</param>
    public static ImageFlow OfJob(string tenant, int weight) => tenant.Length == 0 ? ImageFlow.WithoutKey : new ImageFlow(tenant, weight);
}
