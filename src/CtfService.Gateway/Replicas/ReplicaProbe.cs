using System.Collections.Frozen;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Gateway.Configuration;

namespace CtfService.Gateway.Replicas;

/// <summary>Asks one replica whether it is ready and which models it has. Thread-safe.</summary>
internal sealed class ReplicaProbe(GatewayOptions options, ReplicaClient client)
{
    /// <summary>Returns the replica's state.</summary>
    public async Task<ProbeResult> AskAsync(Replica replica, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.HealthTimeout);
        try
        {
            using var answer = await SendAsync(replica, "/health/ready", limit.Token);
            var health = await ReadAsync(answer, limit.Token);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return ProbeResult.Out($"/health/ready returned {(int)answer.StatusCode}: {Text(health?["reason"]) ?? Text(health?["status"]) ?? "no reason"}");
            }

            var (models, areHidden) = await ModelsAsync(replica, health, limit.Token);
            return new ProbeResult(new ReplicaState(IsReady: true, "", models), AreModelsHidden: areHidden);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            var limitText = $"{options.HealthTimeout.TotalSeconds:0.###} s (Gateway:HealthTimeout)";
            return ProbeResult.Out($"/health/ready did not answer within {limitText}") with { IsLate = true };
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return ProbeResult.Out(error.Message);
        }
    }

    /// <summary>Asks for names and aliases; the probe's own answer names the model if the replica does not tell without a key.</summary>
    private async Task<(FrozenSet<string> Models, bool AreHidden)> ModelsAsync(Replica replica, JsonObject? health, CancellationToken cancellation)
    {
        using var answer = await SendAsync(replica, "/v1/models", cancellation);
        if (answer.StatusCode == HttpStatusCode.OK && (await ReadAsync(answer, cancellation))?["data"] is JsonArray models)
        {
            return (models.OfType<JsonObject>().SelectMany(Names).ToFrozenSet(StringComparer.Ordinal), AreHidden: false);
        }

        var isHidden = answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        return (Text(health?["model"]) is { } name ? [name] : replica.State.Models, isHidden);
    }

    private static IEnumerable<string> Names(JsonObject model) =>
        [.. new[] { Text(model["id"]) }.Concat(model["aliases"] is JsonArray aliases ? aliases.Select(Text) : []).OfType<string>()];

    private async Task<HttpResponseMessage> SendAsync(Replica replica, string path, CancellationToken cancellation)
    {
        using var question = new HttpRequestMessage(HttpMethod.Get, new Uri(replica.Address, path));
        question.Headers.Host = replica.Host;
        if (options.ApiKey.Length > 0 && path.StartsWith("/v1/", StringComparison.Ordinal))
        {
            question.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.ApiKey);
        }

        return await client.Invoker.SendAsync(question, cancellation);
    }

    private static async Task<JsonObject?> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        try
        {
            return await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation) as JsonObject;
        }
        catch (JsonException)
        {
            return null; // the status says enough
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}

/// <param name="IsLate">Whether the replica did not answer in time, which may be the fault of a busy machine.</param>
/// <param name="AreModelsHidden">Whether the replica requires a key for the list of its models.</param>
internal sealed record ProbeResult(ReplicaState State, bool IsLate = false, bool AreModelsHidden = false)
{
    public static ProbeResult Out(string reason) => new(ReplicaState.Unknown with { Reason = reason });
}
