using System.ComponentModel;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>For operators: API keys that are created, replaced and revoked without a restart.</summary>
internal static class KeyEndpoints
{
    public const string Group = "/v1/admin/keys";

    private const string Id = "Id of the key, as the list has it.";

    private const string Effective = " Effective at once in this process, and within seconds in all that use the same database.";

    public static void MapKeyEndpoints(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup(Group).WithTags("Operators").RequireAuthorization(Policies.Admin).AddEndpointFilter<RouteGroupBuilder, RefusalFilter>();
        keys.MapGet("", List)
            .WithName("ListKeys")
            .WithSummary("List the API keys")
            .WithDescription("Returns the configured keys and those of the store, without secrets.")
            .ProducesErrors(403, 501, 503);
        keys.MapPost("", Create)
            .WithName("CreateKey")
            .WithSummary("Create an API key")
            .WithDescription("Returns the secret of the key, which is shown only once: the store has its hash." + Effective)
            .ProducesErrors(400, 403, 408, 409, 413, 415, 501, 503);
        keys.MapDelete("{id}", Revoke)
            .WithName("RevokeKey")
            .WithSummary("Revoke an API key")
            .WithDescription("Removes a key of the store with all its secrets. Its jobs and files remain; a new key with its name owns them." + Effective)
            .ProducesErrors(403, 404, 501, 503);
        keys.MapPost("{id}/rotate", Rotate)
            .WithName("RotateKey")
            .WithSummary("Give an API key another secret")
            .WithDescription(
                "Returns a new secret, which is shown only once. The earlier secrets work for grace_seconds more, so that callers can change over." + Effective)
            .ProducesErrors(400, 403, 404, 408, 413, 415, 501, 503);
    }

    private static async Task<Ok<KeyListResponse>> List(ManagedKeys keys, CancellationToken hangUp) => TypedResults.Ok(await keys.ListAsync(hangUp));

    private static async Task<Ok<KeyCreatedResponse>> Create(CreateKeyRequest body, ManagedKeys keys, HttpContext http) =>
        Once(http, await keys.CreateAsync(body, http.User.Identity?.Name, http.RequestAborted));

    private static async Task<Ok<KeyDeletedResponse>> Revoke([Description(Id)] string id, ManagedKeys keys, HttpContext http) =>
        TypedResults.Ok(await keys.RevokeAsync(id, http.User.Identity?.Name, http.RequestAborted));

    private static async Task<Ok<KeyCreatedResponse>> Rotate([Description(Id)] string id, RotateKeyRequest body, ManagedKeys keys, HttpContext http) =>
        Once(http, await keys.RotateAsync(id, body, http.User.Identity?.Name, http.RequestAborted));

    /// <summary>Responds with a secret, which no cache may keep.</summary>
    private static Ok<KeyCreatedResponse> Once(HttpContext http, KeyCreatedResponse response)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(response);
    }
}
