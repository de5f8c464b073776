using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Security;
using CtfService.TestSupport;

namespace CtfService.Api.Tests;

/// <summary>A service with keys, and with a folder of bundles that load fake models: <c>first</c>, which it starts with, and <c>other</c>.</summary>
public sealed class SwitchableApi : IAsyncDisposable
{
    public const string Address = "/v1/admin/models";

    private readonly TemporaryFolder _root = new();

    public SwitchableApi()
    {
        Api = TestKeys.Api(("Security:AllowAnonymous", "true"), ("Model:Bundle", Put("first")), ("Model:Aliases:0", "any"));
        Put("other");
        Api.Bundles["first"] = new FakeImageGeneratorFactory();
        Api.Bundles["other"] = Other;
    }

    public TestApi Api { get; }

    public FakeImageGeneratorFactory Other { get; } = new() { Generator = new FakeImageGenerator(FakeModels.OtherFruits) };

    public string Root => _root.Root;

    /// <summary>Creates a folder that counts as a bundle, and returns its path.</summary>
    /// <param name="manifest">Null for the manifest of the shipped model, with links to its weights.</param>
    public string Put(string name, string? manifest = null)
    {
        var folder = Directory.CreateDirectory(_root.File(name)).FullName;
        if (manifest is not null)
        {
            File.WriteAllText(Path.Combine(folder, "model.json"), manifest);
            return folder;
        }

        var shipped = RepositoryFolder.File("models", "fruits-64");
        File.Copy(Path.Combine(shipped, "model.json"), Path.Combine(folder, "model.json"));
        foreach (var weights in Directory.GetFiles(shipped, "*.safetensors"))
        {
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(weights)), weights);
        }

        return folder;
    }

    /// <summary>Sends a request as an operator.</summary>
    /// <param name="json">Sent unchanged.</param>
    public Task<HttpResponseMessage> Post(string json, CancellationToken hangUp = default) => Api.Client.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, Address)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
            Headers = { { "Authorization", $"Bearer {TestKeys.Operator}" } },
        },
        hangUp);

    public Task<HttpResponseMessage> SwitchTo(string bundle, CancellationToken hangUp = default) =>
        Post(new JsonObject { ["bundle"] = bundle }.ToJsonString(), hangUp);

    /// <summary>Returns the list of bundles as an operator sees it.</summary>
    public async Task<JsonObject> List()
    {
        using var response = await Api.Get(Address, TestKeys.Bearer(TestKeys.Operator));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        _root.Dispose();
    }
}
