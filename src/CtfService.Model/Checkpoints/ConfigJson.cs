using System.Text.Json;

namespace CtfService.Model.Checkpoints;

/// <summary>How architectures are written down: JSON with snake_case names, unknown names refused.</summary>
public static class ConfigJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        IgnoreReadOnlyProperties = true,
    };
}
