using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Reads JSON strictly, so that a misspelt field is an error instead of a default.</summary>
internal static class JsonExtensions
{
    public static IServiceCollection AddJson(this IServiceCollection services)
    {
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true); // otherwise malformed JSON gets a response without a body
        return services.ConfigureHttpJsonOptions(options => Configure(options.SerializerOptions));
    }

    private static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.PropertyNameCaseInsensitive = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // never embedded in HTML; keeps quotes in messages readable
    }
}
