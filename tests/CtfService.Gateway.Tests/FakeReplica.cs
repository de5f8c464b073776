using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CtfService.Gateway.Tests;

/// <summary>A replica that answers as a test tells it to, on a real socket.</summary>
internal sealed class FakeReplica : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeReplica(WebApplication app) => _app = app;

    public string Name { get; private init; } = "";

    public string Address { get; private set; } = "";

    /// <summary>Answers /health/ready.</summary>
    public RequestDelegate Health { get; set; } = context => context.Response.WriteAsync("""{"status":"ready","model":null,"reason":null}""");

    /// <summary>Answers GET /v1/models.</summary>
    public RequestDelegate Models { get; set; } = context => context.Response.WriteAsync("""{"object":"list","data":[]}""");

    /// <summary>Answers everything else; by default with the replica's name.</summary>
    public RequestDelegate Answer { get; set; } = context => Task.CompletedTask;

    /// <summary>Method, path and headers of the requests that <see cref="Answer"/> got, and their bodies if they were read.</summary>
    public ConcurrentQueue<ReceivedRequest> Received { get; } = [];

    public static async Task<FakeReplica> StartAsync(string name, params string[] models)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(server => server.Limits.MaxRequestBodySize = null).UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var replica = new FakeReplica(app) { Name = name };
        replica.Answer = async context =>
        {
            using var text = new StreamReader(context.Request.Body);
            replica.Received.Enqueue(ReceivedRequest.Of(context.Request, await text.ReadToEndAsync()));
            await context.Response.WriteAsync(name);
        };
        if (models.Length > 0)
        {
            var data = string.Join(',', models.Select(model => $$"""{"id":"{{model}}","aliases":["{{model}}-alias"],"object":"model"}"""));
            replica.Models = context => context.Response.WriteAsync($$"""{"object":"list","data":[{{data}}]}""");
        }

        app.Run(context => context.Request.Path.Value switch
        {
            "/health/ready" => replica.Health(context),
            "/v1/models" => replica.Models(context),
            _ => replica.Answer(context),
        });
        await app.StartAsync();
        replica.Address = app.Urls.Single();
        return replica;
    }

    public Task StopAsync() => _app.StopAsync(new CancellationToken(canceled: true));

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

internal sealed record ReceivedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public static ReceivedRequest Of(HttpRequest request, string body) => new(
        request.Method,
        request.Path,
        request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        body);
}
