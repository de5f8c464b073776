using System.Security.Claims;
using System.Text.Encodings.Web;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Hosting;
using CtfService.Jobs.State;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Security;

/// <summary>
/// Authenticates a caller by <c>Authorization: Bearer KEY</c>, which OpenAI clients send, or <c>x-api-key: KEY</c>. If no key is required, callers without
/// a key are served anonymously, but a wrong key is refused, because its sender expects to be identified. If no keys are configured, keys are ignored:
/// OpenAI clients cannot omit them.
/// </summary>
internal sealed partial class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ApiKeyRing keys, ErrorWriter errors)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiKey";

    private const string Bearer = "Bearer ";

    internal static readonly ApiError Missing = new(
        StatusCodes.Status401Unauthorized,
        "No API key was sent. Send the header 'Authorization: Bearer KEY' or 'x-api-key: KEY'; the operator of this service issues keys.",
        "missing_api_key");

    internal static readonly ApiError Invalid = new(
        StatusCodes.Status401Unauthorized,
        "Invalid API key. It may be truncated or revoked; ask the operator of this service for a new one.",
        "invalid_api_key");

    internal static readonly ApiError NotAdmin = new(
        StatusCodes.Status403Forbidden,
        "This endpoint requires an admin key, even if image requests do not require a key. "
        + "Send a key that is marked Admin; the operator of this service creates such keys in Security:ApiKeys or with POST /v1/admin/keys.",
        "admin_key_required");

    internal static readonly ApiError Unavailable = new(
        StatusCodes.Status503ServiceUnavailable,
        "This API key cannot be checked at the moment, because the store of keys does not answer. Send the request again later, with the same key.",
        "key_store_unavailable")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var sent = keys.IsEmpty ? null : SentKey(Request.Headers);
        if (sent is null)
        {
            return keys.AllowAnonymous || WarmUpRequest.Is(Context) ? Ticket([]) : AuthenticateResult.NoResult();
        }

        try
        {
            return await keys.FindAsync(sent, Context.RequestAborted) is { } key ? Ticket(key) : AuthenticateResult.Fail("Unknown key.");
        }
        catch (KeysUnavailableException away)
        {
            return AuthenticateResult.Fail(away);
        }
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceSafeAsync()).Failure;
        if (failure is KeysUnavailableException)
        {
            Log.Refused(Logger, Request.Method, Request.Path, Context.Connection.RemoteIpAddress, "store of keys is away");
            await errors.WriteAsync(Context, Unavailable);
            return;
        }

        var wasSent = failure is not null;
        Log.Refused(Logger, Request.Method, Request.Path, Context.Connection.RemoteIpAddress, wasSent ? "unknown key" : "no key");
        Response.Headers.WWWAuthenticate = wasSent ? "Bearer realm=\"ctf-service\", error=\"invalid_token\"" : "Bearer realm=\"ctf-service\"";
        await errors.WriteAsync(Context, wasSent ? Invalid : Missing);
    }

    protected override async Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        Log.Refused(Logger, Request.Method, Request.Path, Context.Connection.RemoteIpAddress, "not an admin key");
        await errors.WriteAsync(Context, NotAdmin);
    }

    private AuthenticateResult Ticket(ApiKeyOptions key)
    {
        CallerKey.Set(Context, key);
        return Ticket(key.Admin ? [new Claim(ClaimTypes.Name, key.Name), new Claim(ClaimTypes.Role, Policies.Admin)] : [new Claim(ClaimTypes.Name, key.Name)]);
    }

    /// <summary>Returns the key that was sent; null if none. Other credentials, such as those of a proxy, are ignored.</summary>
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
