using CtfService.Api.Contracts;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace CtfService.Api.Description;

/// <summary>Describes the two ways to send a key. Swagger UI offers both under "Authorize".</summary>
internal static class SecuritySchemes
{
    private const string Bearer = "bearer";

    private const string Header = "header";

    public static void Define(SwaggerGenOptions options)
    {
        options.AddSecurityDefinition(Bearer, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API key of this service, sent as OpenAI's clients send theirs. Required if the service has keys (Security:ApiKeys).",
        });
        options.AddSecurityDefinition(Header, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = CustomHeaders.ApiKey,
            Description = "The same key in a separate header.",
        });
    }

    /// <param name="isOptional">Whether a request without a key is accepted.</param>
    public static List<OpenApiSecurityRequirement> Requirements(OpenApiDocument document, bool isOptional)
    {
        List<OpenApiSecurityRequirement> ways = [Require(Bearer, document), Require(Header, document)];
        return isOptional ? [.. ways, []] : ways;
    }

    private static OpenApiSecurityRequirement Require(string scheme, OpenApiDocument document) =>
        new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };
}
