using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Text;
using CtfService.Api.Models;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests;

/// <summary>The whole service in memory, with a fake generator and a fake clock.</summary>
public sealed class TestApi : WebApplicationFactory<Program>, IAsyncLifetime
{
    public const string Images = "/v1/images/generations";

    public const string Details = "/v1/images/redetail";

    public const string Edits = "/v1/images/edits";

    public const string Variations = "/v1/images/variations";

    public FakeImageGeneratorFactory Factory { get; init; } = new();

    public FakeImageGenerator Generator => Factory.Generator;

    /// <summary>The fake models to switch to, by the folder name of their bundle.</summary>
    public Dictionary<string, FakeImageGeneratorFactory> Bundles { get; } = [];

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public RecordedLogs Logs { get; } = new();

    /// <summary>Settings that override appsettings.json. Set them before the first client is created.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>True to warm up like the service, so that the generator draws more than the images of the test. Default false.</summary>
    public bool WarmsUpRequests { get; init; }

    /// <summary>True to serve through Kestrel, which finishes running requests when the service stops. The server in memory does not wait for them.</summary>
    public bool UsesKestrel { get; init; }

    /// <summary>Services that replace those of the program. Set it before the first client is created.</summary>
    public Action<IServiceCollection> Replace { get; set; } = _ => { };

    public HttpClient Client { get; private set; } = null!;

    /// <summary>Holds jobs and files until the service is disposed.</summary>
    public TemporaryFolder Storage { get; } = new();

    /// <summary>Completes when the model has been loaded or loading has failed.</summary>
    public async Task InitializeAsync()
    {
        Start();
        await Services.GetRequiredService<IModelStatus>().LoadingEnded;
    }

    /// <summary>Starts the service without waiting for the model.</summary>
    public void Start()
    {
        ClientOptions.AllowAutoRedirect = false;
        if (UsesKestrel)
        {
            UseKestrel(0);
        }

        Client = CreateClient();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Storage.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <param name="json">Sent unchanged.</param>
    public Task<HttpResponseMessage> PostImages(string json, string? accept = null) =>
        Post(Images, new StringContent(json, Encoding.UTF8, "application/json"), accept is null ? null : ("Accept", accept));

    public Task<WireImagesResponse> Generate(string json) => Read(PostImages(json));

    /// <summary>Completes when the response headers have been received.</summary>
    public Task<HttpResponseMessage> Post(string path, HttpContent content, (string Name, string Value)? header = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (header is { } extra)
        {
            request.Headers.TryAddWithoutValidation(extra.Name, extra.Value);
        }

        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Sends a request whose caller hangs up when the token is cancelled. Completes with the response headers, or with the request.</summary>
    public Task<HttpContext> PostImagesUntil(string json, CancellationToken hangUp, (string Name, string Value)? header = null) => Server.SendAsync(context =>
    {
        context.Request.Method = "POST";
        context.Request.Path = Images;
        context.Request.ContentType = "application/json";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(json));
        context.Request.ContentLength = json.Length;
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody()); // a context created by a test has no body by default
        context.RequestAborted = hangUp;
        if (header is { } extra)
        {
            context.Request.Headers[extra.Name] = extra.Value;
        }
    }, CancellationToken.None);

    public Task<WireImagesResponse> Redetail(string json) => Read(Post(Details, new StringContent(json, Encoding.UTF8, "application/json")));

    /// <summary>Returns when this many images wait in the queue.</summary>
    public async Task WhenWaiting(int images)
    {
        using var collector = new MetricCollector<int>(Services.GetRequiredService<IMeterFactory>(), "CtfService", "ctf.queue.images");
        do
        {
            await Task.Yield();
            collector.RecordObservableInstruments();
        }
        while (collector.LastMeasurement?.Value < images);
    }

    public static async Task<WireImagesResponse> Read(Task<HttpResponseMessage> answering)
    {
        using var response = await answering;
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<WireImagesResponse>(WireFormat.Json))!;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Storage:Folder", Storage.Root);
        foreach (var (key, value) in Settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Logs));
        builder.ConfigureTestServices(services => services
            .AddSingleton(provider => new ModelOrigin(provider.GetRequiredService<BundleLibrary>().NameOfFirst(), Factory))
            .AddSingleton<BundleOpener>((folder, _, _) => Bundles[Path.GetFileName(folder)])
            .AddSingleton<TimeProvider>(Clock));
        if (!WarmsUpRequests)
        {
            builder.ConfigureTestServices(services => services.RemoveAll<IRequestWarmUp>());
        }

        builder.ConfigureTestServices(Replace);
    }

    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
