using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace CtfService.Api.Tests.Datasets;

/// <summary>Makes data sets through the API.</summary>
internal sealed class DatasetClient(TestApi api)
{
    public const string Path = "/v1/datasets";

    private const string Data = "data: ";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <summary>Silence of a stream after which the clock of the service moves: the engine also polls, in case a notification comes too late.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly HttpClient _client = api.Client;

    /// <param name="json">Sent unchanged.</param>
    public Task<HttpResponseMessage> PostAsync(string json) => _client.PostAsync(Path, new StringContent(json, Encoding.UTF8, "application/json"));

    public async Task<JsonElement> CreateAsync(string json) => await ReadAsync(await PostAsync(json));

    public async Task<string> IdOf(string json) => (await CreateAsync(json)).GetProperty("id").GetString()!;

    public async Task<JsonElement> GetAsync(string address) => await ReadAsync(await _client.GetAsync(address));

    public Task<JsonElement> FindAsync(string id) => GetAsync($"{Path}/{id}");

    /// <summary>Follows a data set to its end and returns its last state.</summary>
    public async Task<JsonElement> EndedAsync(string id) => (await EventsAsync(id))[^1];

    /// <summary>Returns all states of a data set, from now to its end.</summary>
    public async Task<IReadOnlyList<JsonElement>> EventsAsync(string id)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        using var response = await _client.GetAsync($"{Path}/{id}/events", HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(timeout.Token));
        List<JsonElement> states = [];
        while (await NextLineAsync(reader, timeout.Token) is { } line)
        {
            if (line == $"{Data}[DONE]")
            {
                return states;
            }

            if (line.StartsWith(Data, StringComparison.Ordinal))
            {
                states.Add(JsonDocument.Parse(line[Data.Length..]).RootElement);
            }
        }

        throw new InvalidOperationException("The stream ended without [DONE].");
    }

    private async Task<string?> NextLineAsync(StreamReader reader, CancellationToken cancellation)
    {
        var next = reader.ReadLineAsync(cancellation).AsTask();
        while (await Task.WhenAny(next, Task.Delay(Silence, TimeProvider.System, cancellation)) != next)
        {
            cancellation.ThrowIfCancellationRequested();
            api.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        return await next;
    }

    /// <summary>Makes a data set and returns its files by name.</summary>
    public async Task<Dictionary<string, byte[]>> MakeAsync(string json)
    {
        var id = await IdOf(json);
        var ended = await EndedAsync(id);
        Assert.Equal("completed", ended.GetProperty("status").GetString());
        return await FilesAsync(id);
    }

    public async Task<Dictionary<string, byte[]>> FilesAsync(string id)
    {
        var files = new Dictionary<string, byte[]>();
        foreach (var file in (await GetAsync($"{Path}/{id}/files")).GetProperty("data").EnumerateArray())
        {
            var content = await _client.GetByteArrayAsync(file.GetProperty("url").GetString());
            Assert.Equal(file.GetProperty("bytes").GetInt64(), content.Length);
            files.Add(file.GetProperty("name").GetString()!, content);
        }

        return files;
    }

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var body = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, body);
            return JsonDocument.Parse(body).RootElement;
        }
    }

    /// <summary>Returns code and param of the error, and its message.</summary>
    public static async Task<(string? Code, string? Param, string Message)> ErrorAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        using (response)
        {
            Assert.Equal(status, response.StatusCode);
            var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
            return (error.GetProperty("code").GetString(), error.GetProperty("param").GetString(), error.GetProperty("message").GetString()!);
        }
    }
}
