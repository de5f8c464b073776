using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Security;

/// <summary>Requests of operators about API keys.</summary>
internal static class KeyRequests
{
    private const string Address = "/v1/admin/keys";

    /// <param name="json">Sent unchanged.</param>
    public static Task<HttpResponseMessage> PostAs(this TestApi api, string key, string path, string json) =>
        api.Post(path, new StringContent(json, Encoding.UTF8, "application/json"), TestKeys.Bearer(key));

    /// <summary>Creates a key and returns the answer, which has its secret.</summary>
    public static async Task<JsonObject> CreateKey(this TestApi api, string json)
    {
        using var response = await api.PostAs(TestKeys.Operator, Address, json);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    /// <param name="created">The answer of <see cref="CreateKey"/>.</param>
    public static Task<HttpResponseMessage> Delete(this TestApi api, JsonObject created)
    {
        var request = new HttpRequestMessage(HttpMethod.Delete, $"{Address}/{(string)created["key"]!["id"]!}");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {TestKeys.Operator}");
        return api.Client.SendAsync(request);
    }
}
