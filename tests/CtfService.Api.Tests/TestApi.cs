using System.Net.Http.Json;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests;

/// <summary>The whole service in memory, on a fake generator and a fake clock.</summary>
public sealed class TestApi : WebApplicationFactory<Program>, IAsyncLifetime
{
    public const string Images = "/v1/images/generations";

    public FakeImageGeneratorFactory Factory { get; } = new();

    public FakeImageGenerator Generator => Factory.Generator;

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public RecordedLogs Logs { get; } = new();

    /// <summary>Set before the first client; over appsettings.json.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public HttpClient Client { get; private set; } = null!;

    /// <summary>Returns when the model is loaded, or has failed to.</summary>
    public async Task InitializeAsync()
    {
        Start();
        await Services.GetRequiredService<IModelStatus>().LoadingEnded;
    }

    /// <summary>Returns at once, possibly before the model is loaded.</summary>
    public void Start()
    {
        ClientOptions.AllowAutoRedirect = false;
        Client = CreateClient();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    /// <param name="json">Sent as it is.</param>
    public Task<HttpResponseMessage> PostImages(string json, string? accept = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Images) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return Client.SendAsync(request);
    }

    public async Task<ImagesAnswer> Generate(string json)
    {
        using var response = await PostImages(json);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<ImagesAnswer>(Answers.Json))!;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (key, value) in Settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Logs));
        builder.ConfigureTestServices(services => services
            .AddSingleton<IImageGeneratorFactory>(Factory)
            .AddSingleton<TimeProvider>(Clock));
    }
}
