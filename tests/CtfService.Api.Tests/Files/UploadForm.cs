using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Files;

/// <summary>Uploads to <c>/v1/files</c>.</summary>
internal static class UploadForm
{
    public const string Path = "/v1/files";

    /// <summary>The form that OpenAI's clients send.</summary>
    public static MultipartFormDataContent Of(string content, string fileName = "requests.jsonl", params (string Name, string Text)[] fields)
    {
        var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", fileName } };
        foreach (var (name, text) in fields.Length > 0 ? fields : [("purpose", "batch")])
        {
            form.Add(new StringContent(text), name);
        }

        return form;
    }

    /// <summary>Uploads a file. Returns its JSON.</summary>
    public static async Task<JsonNode> Upload(this TestApi api, string content, string fileName = "requests.jsonl", string? key = null)
    {
        using var response = await api.Send(HttpMethod.Post, Path, Of(content, fileName), key);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    /// <param name="headers">Of the request.</param>
    public static Task<HttpResponseMessage> Send(
        this TestApi api, HttpMethod method, string path, HttpContent? content = null, string? key = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return api.Client.SendAsync(request);
    }

    /// <summary>All files below the storage folder that belong to uploads, complete or not.</summary>
    public static IReadOnlyList<string> Stored(this TestApi api)
    {
        var folder = System.IO.Path.Combine(api.Storage.Root, "files");
        return Directory.Exists(folder) ? Directory.GetFiles(folder, "*", SearchOption.AllDirectories) : [];
    }
}
