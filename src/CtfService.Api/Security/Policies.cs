using Microsoft.AspNetCore.Authorization;

namespace CtfService.Api.Security;

/// <summary>Authorization policies. An endpoint gets one by being mapped into <see cref="SecurityExtensions.MapGuarded"/>, or by name.</summary>
internal static class Policies
{
    /// <summary>Callers that may request images: see <see cref="ApiKeyHandler"/>.</summary>
    public const string Caller = "caller";

    /// <summary>Operators only: requires a key marked Admin on every listen address. Also the role of such a key.</summary>
    public const string Admin = "admin";

    public static void Define(AuthorizationBuilder policies) => policies
        .AddPolicy(Caller, policy => policy.RequireAuthenticatedUser())
        .AddPolicy(Admin, policy => policy.RequireRole(Admin));
}
