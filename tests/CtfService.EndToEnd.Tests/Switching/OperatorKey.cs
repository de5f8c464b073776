using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>The admin key that may switch models, and requests with it. Image requests need no key.</summary>
internal static class OperatorKey
{
    private const string Text = "ctf_operator-key-of-the-end-to-end-tests";

    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Security:AllowAnonymous"] = "true",
        ["Security:ApiKeys:0:Name"] = "operator",
        ["Security:ApiKeys:0:Sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text))),
        ["Security:ApiKeys:0:Admin"] = "true",
    };

    /// <summary>Returns the response body.</summary>
    public static async Task<JsonElement> SwitchTo(HttpClient client, string bundle)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/admin/models") { Content = WatchedService.Json($$"""{"bundle": "{{bundle}}"}""") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Text);
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}
