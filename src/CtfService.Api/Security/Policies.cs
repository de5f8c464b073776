using Microsoft.AspNetCore.Authorization;

namespace CtfService.Api.Security;

/// <summary>Who may call what. An endpoint takes one of these by mapping itself into <see cref="SecurityExtensions.MapGuarded"/>, or by name.</summary>
internal static class Policies
{
    /// <summary>Whoever may ask for images: see <see cref="ApiKeyHandler"/>.</summary>
    public const string Caller = "caller";

    /// <summary>Operators alone: a key marked Admin, wherever the service listens. Also the role of such a key.</summary>
    public const string Admin = "admin";

    public static void Define(AuthorizationBuilder policies) => policies
        .AddPolicy(Caller, policy => policy.RequireAuthenticatedUser())
        .AddPolicy(Admin, policy => policy.RequireRole(Admin));
}
