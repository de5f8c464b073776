using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.LoadGenerator.Sending;
using CtfService.Model.Imaging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CtfService.Cli.Tests.Load;

/// <summary>A server with the routes of the service that answers with small images of its own, and misbehaves as a test says.</summary>
internal sealed class FakeImageService : IAsyncDisposable
{
    private readonly WebApplication _server;

    private FakeImageService(WebApplication server) => _server = server;

    /// <summary>Runs for each POST before its answer; true if it has answered. The number counts from 0 since it was set.</summary>
    public Func<HttpContext, int, Task<bool>> Misbehave { get; set; } = (_, _) => Task.FromResult(false);

    /// <summary>Added to the colour of every image; another value gives other images.</summary>
    public byte Colour { get; set; }

    public int Posts { get; set; }

    /// <summary>Requests whose caller hung up.</summary>
    public ConcurrentQueue<string> Aborted { get; } = [];

    public LoadTarget Target => new(new Uri(_server.Urls.Single()), ApiKey: null);

    public static async Task<FakeImageService> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var service = new FakeImageService(builder.Build());
        service._server.Run(service.AnswerAsync);
        await service._server.StartAsync();
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            await (context.Request.Method == "GET" ? ListAsync(context) : PostAsync(context));
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or BadHttpRequestException)
        {
            Aborted.Enqueue(context.Request.Path);
        }
    }

    private static Task ListAsync(HttpContext context) => context.Request.Path == "/health/live"
        ? Task.CompletedTask
        : context.Response.WriteAsync("""{"data":[{"id":0},{"id":1},{"id":2}]}""");

    private async Task PostAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        int number;
        lock (_server)
        {
            number = Posts++;
        }

        if (await Misbehave(context, number))
        {
            return;
        }

        var isForm = context.Request.ContentType!.StartsWith("multipart/", StringComparison.Ordinal);
        if (!isForm && context.Request.Path == "/v1/images/variations")
        {
            await RefuseAsync(context, 415);
        }
        else if (isForm)
        {
            await context.Response.WriteAsync(Json([Image(Digest(body.ToArray()))]));
        }
        else if (Parse(body.ToArray()) is { } request)
        {
            await DrawAsync(context, request);
        }
        else
        {
            await RefuseAsync(context, 400);
        }
    }

    public static Task RefuseAsync(HttpContext context, int status, int? retryAfter = null)
    {
        context.Response.StatusCode = status;
        if (retryAfter is { } seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return context.Response.WriteAsync("""{"error":{"message":"no","type":"test","code":"no"}}""");
    }

    private async Task DrawAsync(HttpContext context, JsonObject request)
    {
        var seed = (ulong?)request["seed"] ?? 0;
        var images = Enumerable.Range(0, (int?)request["n"] ?? 1).Select(index => Image((int)(seed % 100) + index)).ToList();
        if (context.Request.Headers.Accept.ToString().StartsWith("image/", StringComparison.Ordinal))
        {
            await context.Response.Body.WriteAsync(images[0]);
        }
        else if ((bool?)request["stream"] == true)
        {
            var text = Convert.ToBase64String(images[0]);
            await context.Response.WriteAsync(
                $"data: {{\"type\":\"image_generation.partial_image\",\"b64_json\":\"{text}\"}}\n\n"
                + $"data: {{\"type\":\"image_generation.completed\",\"b64_json\":\"{text}\"}}\n\ndata: [DONE]\n\n");
        }
        else
        {
            await context.Response.WriteAsync(Json(images));
        }
    }

    /// <summary>Returns null for the bodies that the generator sends as bad ones.</summary>
    private static JsonObject? Parse(byte[] body)
    {
        try
        {
            var request = JsonNode.Parse(body)!.AsObject();
            var isBad = request["n"] is { } n && (n.GetValueKind() != JsonValueKind.Number || (int)n > 16)
                || (request["class_label"] is { } label && label.GetValueKind() == JsonValueKind.String)
                || request["temperature"] is { } temperature && (double)temperature < 0
                || request.ContainsKey("no_such_field");
            return isBad ? null : request;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Json(IEnumerable<byte[]> images) => new JsonObject
    {
        ["data"] = new JsonArray([.. images.Select(image => new JsonObject
        {
            ["b64_json"] = Convert.ToBase64String(image),
            ["layout"] = new JsonArray(1, 2, 3, 4),
        })]),
    }.ToJsonString();

    private byte[] Image(int number) =>
        ImageCodec.Encode(new RgbImage(4, 4, [.. Enumerable.Repeat((byte)(number + Colour), 48)]), ImageFormat.Png);

    private static int Digest(byte[] body) => body.Sum(value => value) % 100;
}
