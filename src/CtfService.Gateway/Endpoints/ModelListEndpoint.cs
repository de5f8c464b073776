using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Gateway.Errors;
using CtfService.Gateway.Forwarding;
using CtfService.Gateway.Replicas;
using Microsoft.Net.Http.Headers;

namespace CtfService.Gateway.Endpoints;

/// <summary><c>GET /v1/models</c>: the models of all replicas, asked with the client's key, one replica for each set of models.</summary>
internal static class ModelListEndpoint
{
    private const string Path = "/v1/models";

    /// <summary>The headers that decide whether a replica answers.</summary>
    private static readonly string[] Credentials = [HeaderNames.Authorization, "x-api-key", Telemetry.RequestIds.Header];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void MapModelList(this WebApplication app) => app.MapGet(Path, ListAsync);

    private static async Task ListAsync(HttpContext context, ReplicaPool pool, ReplicaClient client, Forwarder forwarder)
    {
        var asked = pool.Ready.GroupBy(replica => string.Join('\n', replica.State.Models.Order(StringComparer.Ordinal)))
            .Select(same => same.First()).ToList();
        if (asked.Count < 2)
        {
            await forwarder.ForwardAsync(context); // a re-send is better than a list of one
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(Patience);
        var answers = await Task.WhenAll(asked.Select(replica => AskAsync(replica, context.Request, client, limit.Token)));
        if (answers.OfType<Answer>().FirstOrDefault(answer => answer.Status is >= 400 and < 500) is { } refusal)
        {
            await SendAsync(context, refusal); // the key is wrong or has no requests left: the same at every replica
            return;
        }

        var models = answers.OfType<Answer>().Where(answer => answer.Status == (int)HttpStatusCode.OK).SelectMany(Models).ToList();
        if (models.Count == 0)
        {
            await GatewayErrors.NoReplica(model: null).WriteAsync(context);
            return;
        }

        var distinct = models.DistinctBy(model => model["id"]?.ToString()).Select(model => model.DeepClone()).ToArray();
        await Results.Json(new JsonObject { ["object"] = "list", ["data"] = new JsonArray(distinct) }).ExecuteAsync(context);
    }

    /// <summary>Returns null if the replica did not answer.</summary>
    private static async Task<Answer?> AskAsync(Replica replica, HttpRequest request, ReplicaClient client, CancellationToken cancellation)
    {
        using var question = new HttpRequestMessage(HttpMethod.Get, new Uri(replica.Address, Path));
        question.Headers.Host = request.Host.Value;
        foreach (var name in Credentials)
        {
            question.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)request.Headers[name]);
        }

        try
        {
            using var response = await client.Invoker.SendAsync(question, cancellation);
            var retry = response.Headers.RetryAfter?.ToString();
            return new Answer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation), retry);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonObject> Models(Answer answer)
    {
        try
        {
            return JsonNode.Parse(answer.Body) is JsonObject list && list["data"] is JsonArray data ? data.OfType<JsonObject>() : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static async Task SendAsync(HttpContext context, Answer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json; charset=utf-8";
        if (answer.RetryAfter is not null)
        {
            context.Response.Headers.RetryAfter = answer.RetryAfter;
        }

        await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    private sealed record Answer(int Status, byte[] Body, string? RetryAfter);
}
