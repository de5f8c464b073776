using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Cluster;

/// <summary>API keys of a cluster: two in the settings, others created over HTTP.</summary>
internal static class ClusterKeys
{
    /// <summary>Configured; may create keys.</summary>
    public const string Operator = "trial-operator";

    /// <summary>Configured.</summary>
    public const string Studio = "trial-studio";

    /// <summary>The settings of the configured keys, whose secrets are their names.</summary>
    public static IEnumerable<string> Settings { get; } = [.. Setting(0, Operator), "--Security:ApiKeys:0:Admin=true", .. Setting(1, Studio)];

    /// <summary>Creates a key and returns its secret.</summary>
    /// <param name="imagesPerMinute">Null without a quota.</param>
    /// <exception cref="InvalidOperationException">It was not created.</exception>
    public static async Task<string> CreateAsync(ServiceInstance gateway, string name, int? imagesPerMinute, CancellationToken cancellation)
    {
        var body = new JsonObject { ["name"] = name };
        if (imagesPerMinute is { } quota)
        {
            body["images_per_minute"] = quota;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/admin/keys") { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Operator);
        using var response = await gateway.Client.SendAsync(request, cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        return response.IsSuccessStatusCode
            ? (string)JsonNode.Parse(text)!["secret"]!
            : throw new InvalidOperationException($"The key {name} was not created: {(int)response.StatusCode} {text}");
    }

    private static IEnumerable<string> Setting(int number, string name) =>
    [
        $"--Security:ApiKeys:{number}:Name={name}",
        $"--Security:ApiKeys:{number}:Sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))}",
    ];
}
