using System.Security.Claims;
using System.Text.Encodings.Web;
using CtfService.Api.Errors;
using CtfService.Api.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Security;

/// <summary>
/// Authenticates a caller by <c>Authorization: Bearer KEY</c>, as OpenAI's clients send it, or <c>x-api-key: KEY</c>. Where no key is asked for, everybody is
/// served without a name; a wrong key is refused even then, because its sender believes to be somebody. Without keys in the configuration none is looked at:
/// OpenAI's clients cannot leave it out.
/// </summary>
internal sealed partial class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ApiKeyRing keys, ErrorWriter errors)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiKey";

    private const string Bearer = "Bearer ";

    internal static readonly ApiError Missing = new(
        StatusCodes.Status401Unauthorized,
        "No API key was sent. Send the header 'Authorization: Bearer KEY' or 'x-api-key: KEY'; whoever runs this service hands keys out.",
        "missing_api_key");

    internal static readonly ApiError Invalid = new(
        StatusCodes.Status401Unauthorized,
        "The API key is none of this service's. Look for a cut-off or withdrawn key, or ask whoever runs this service for a new one.",
        "invalid_api_key");

    internal static readonly ApiError NotAdmin = new(
        StatusCodes.Status403Forbidden,
        "This address is for operators, also where images need no key. Send a key that is marked Admin in Security:ApiKeys; `ctf api-key` makes keys.",
        "admin_key_required");

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var wasSent = (await HandleAuthenticateOnceSafeAsync()).Failure is not null;
        Log.Refused(Logger, Request.Method, Request.Path, Context.Connection.RemoteIpAddress, wasSent ? "unknown key" : "no key");
        Response.Headers.WWWAuthenticate = wasSent ? "Bearer realm=\"ctf-service\", error=\"invalid_token\"" : "Bearer realm=\"ctf-service\"";
        await errors.WriteAsync(Context, wasSent ? Invalid : Missing);
    }

    protected override async Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Log.Refused(Logger, Request.Method, Request.Path, Context.Connection.RemoteIpAddress, "not an admin key");
        await errors.WriteAsync(Context, NotAdmin);
    }

    private AuthenticateResult Authenticate()
    {
        var sent = keys.IsEmpty ? null : SentKey(Request.Headers);
        if (sent is null)
        {
            return keys.AllowAnonymous ? Ticket([]) : AuthenticateResult.NoResult();
        }

        if (keys.Find(sent) is not { } key)
        {
            return AuthenticateResult.Fail("Unknown key.");
        }

        return Ticket(key.Admin ? [new Claim(ClaimTypes.Name, key.Name), new Claim(ClaimTypes.Role, Policies.Admin)] : [new Claim(ClaimTypes.Name, key.Name)]);
    }

    /// <summary>Null where none was sent; credentials of another kind, such as a proxy's, are not ours to judge.</summary>
    private static string? SentKey(IHeaderDictionary headers)
    {
        var authorization = headers.Authorization.ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return NullIfEmpty(authorization[Bearer.Length..].Trim());
        }

        return NullIfEmpty(headers[CustomHeaders.ApiKey].ToString());
    }

    private static string? NullIfEmpty(string key) => key.Length == 0 ? null : key;

    private AuthenticateResult Ticket(Claim[] claims) =>
        AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme.Name)), Scheme.Name));
}
