using CtfService.Api.Contracts;
using CtfService.Jobs;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace CtfService.Api.Security;

/// <summary>Adds keys, rate limits, CORS and security headers, in the required order.</summary>
internal static class SecurityExtensions
{
    /// <summary>Response headers that scripts of another origin may read.</summary>
    private static readonly string[] ExposedHeaders =
    [
        "ETag", "Accept-Ranges", "Content-Disposition", "Content-Range", "Retry-After", "WWW-Authenticate", CustomHeaders.IdempotentReplayed,
        CustomHeaders.ClassLabel, CustomHeaders.RequestId, CustomHeaders.Seed, CustomHeaders.Warnings,
        .. RateLimitHeaders.Names,
    ];

    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeyRing>();
        services.AddSingleton<ManagedKeys>();
        // AddAuthentication would also add data protection: keys on the disk of a service that encrypts nothing, and a warning if the disk is read-only.
        services.AddAuthenticationCore(authentication => authentication.DefaultScheme = ApiKeyHandler.SchemeName).AddWebEncoders();
        new AuthenticationBuilder(services).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, configureOptions: null);
        Policies.Define(services.AddAuthorizationBuilder());
        services.AddUsageCounters();
        services.AddSingleton<CallerUsage>();
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<SecurityOptions>((cors, security) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. security.AllowedOrigins])
            .WithMethods("GET", "POST", "DELETE")
            .AllowAnyHeader()
            .WithExposedHeaders(ExposedHeaders)));
        return services;
    }

    /// <summary>Rate limits run after authentication, so that they count per key, and before authorization, so that guessing keys is limited too.</summary>
    public static void UseSecurity(this WebApplication app)
    {
        app.UseHsts(); // on HTTPS only, never for localhost
        app.UseCors();
        app.UseAuthentication();
        app.UseMiddleware<RateLimitMiddleware>();
        app.UseAuthorization();
    }

    /// <summary>Returns the group for endpoints of callers, with authorization and the rate limit of the caller.</summary>
    public static RouteGroupBuilder MapGuarded(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("").RequireAuthorization(Policies.Caller).WithMetadata(new RateLimitedEndpoint());
}
