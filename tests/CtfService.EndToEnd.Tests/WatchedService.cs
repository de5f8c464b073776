using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using CtfService.Core.Models;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.EndToEnd.Tests;

/// <summary>
/// The service with the shipped model, unless a derived class has another one, on a real socket, with a generator that counts its steps and a storage folder of
/// its own. Tests that measure share it and do not run in parallel.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public class WatchedService : WebApplicationFactory<Program>, ICollectionFixture<WatchedService>, IAsyncLifetime
{
    public const string Name = "measured";

    private readonly TemporaryFolder _storage = new();
    private readonly WatchedFactory _factory;
    private readonly Channel<long> _hangUps = Channel.CreateUnbounded<long>();

    public WatchedService()
        : this("models/fruits-64")
    {
    }

    /// <param name="bundle">The folder of the model; relative to the program.</param>
    protected WatchedService(string bundle) => _factory = new WatchedFactory(bundle);

    /// <summary>Settings that override appsettings.json.</summary>
    protected virtual IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>();

    public HttpClient Client { get; private set; } = null!;

    public WatchedGenerator Generator => _factory.Generator!;

    /// <summary>Steps of the generator whenever the service noticed that a client had hung up.</summary>
    public ChannelReader<long> HangUps => _hangUps.Reader;

    public async Task InitializeAsync()
    {
        UseKestrel(port: 0);
        Client = CreateClient();
        await Services.GetRequiredService<IModelStatus>().LoadingEnded;
        Assert.Equal(HttpStatusCode.OK, (await Client.GetAsync("/health/ready")).StatusCode);
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    /// <summary>Returns when the response headers have arrived.</summary>
    public Task<HttpResponseMessage> Post(string path, HttpContent content, CancellationToken hangUp = default) =>
        Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = content }, HttpCompletionOption.ResponseHeadersRead, hangUp);

    public Task<JsonElement[]> Images(string path, string json) => Images(path, Json(json));

    public async Task<JsonElement[]> Images(string path, HttpContent content)
    {
        using var response = await Post(path, content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return [.. JsonSerializer.Deserialize<JsonElement>(text).GetProperty("data").EnumerateArray()];
    }

    /// <summary>The events of a stream except the last one, which is [DONE].</summary>
    public async IAsyncEnumerable<JsonElement> Stream(string json)
    {
        using var response = await Post("/v1/images/generations", Json(json));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            if (item.Data != "[DONE]")
            {
                yield return JsonSerializer.Deserialize<JsonElement>(item.Data);
            }
        }
    }

    public static StringContent Json(string json) => new(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _storage.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Storage:Folder", _storage.Root);
        foreach (var (key, value) in Settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureTestServices(services => services
            .AddSingleton(new ModelOrigin(_factory.Bundle, _factory))
            .AddSingleton<IStartupFilter>(new HangUpNotes(this)));
    }

    /// <summary>Runs before all other middleware, so that it notices a hang-up when the service does.</summary>
    private sealed class HangUpNotes(WatchedService service) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.RequestAborted.Register(() => service._hangUps.Writer.TryWrite(service.Generator.Now.Steps));
                return rest(context);
            });
            next(app);
        };
    }

    private sealed class WatchedFactory(string bundle) : IImageGeneratorFactory
    {
        public string Bundle => bundle;

        public WatchedGenerator? Generator { get; private set; }

        public IImageGenerator Load(CancellationToken cancellation) => Generator =
            new WatchedGenerator(new CtfImageGeneratorFactory(
                Path.Combine(AppContext.BaseDirectory, bundle), () => ModelPlacement.Parse("cpu", FixedElementType.Name)).Load(cancellation));
    }
}
