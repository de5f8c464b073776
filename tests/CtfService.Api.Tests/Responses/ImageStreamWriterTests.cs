using System.Collections.Concurrent;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using CtfService.Inference;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Responses;

/// <summary>Server-sent events as a client sees them. Each test has its own host, because it holds or fails steps.</summary>
public sealed class ImageStreamWriterTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Partial = "image_generation.partial_image";
    private const string Completed = "image_generation.completed";

    private readonly TestApi _api = new();

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Stream_SeveralImagesWithPreviews_SendsAllInOrderThenDone()
    {
        _api.Generator.StepsPerImage = 6;

        var events = await Stream("""{"class_label": 2, "n": 2, "seed": 5, "stream": true, "partial_images": 3}""");

        Assert.Equal("[DONE]", events[^1].Data);
        foreach (var image in (int[])[0, 1])
        {
            var own = events.SkipLast(1).Where(item => item.Json.GetProperty("image_index").GetInt32() == image).ToList();
            Assert.Equal([Partial, Partial, Partial, Completed], own.Select(item => item.Type));
            Assert.Equal([Partial, Partial, Partial, Completed], own.Select(item => item.Json.GetProperty("type").GetString()));
            Assert.Equal([0, 1, 2], own.Take(3).Select(item => item.Json.GetProperty("partial_image_index").GetInt32()));
            Assert.Equal([0, 1, 2, null], own.Select(item => ImageFile.FindProvenance(File(item))!.Preview));
            Assert.Equal([50, 100, 150], own.Take(3).Select(item => (int)Decode(item).Pixels[0])); // the fake's previews
        }
    }

    [Fact]
    public async Task Stream_CompletedEvent_EqualsTheJsonResponse()
    {
        var answer = (await _api.Generate("""{"class_label": 2, "seed": 5, "include": ["layout", "tokens"]}""")).Data[0];

        var events = await Stream("""{"class_label": 2, "seed": 5, "stream": true, "include": ["layout", "tokens"]}""");

        Assert.Equal(2, events.Count); // no previews unless requested
        var completed = events[0].Json;
        Assert.Equal(answer.B64Json, completed.GetProperty("b64_json").GetString());
        Assert.Equal(_api.Clock.GetUtcNow().ToUnixTimeSeconds(), completed.GetProperty("created_at").GetInt64());
        Assert.Equal("8x8", completed.GetProperty("size").GetString());
        Assert.Equal("png", completed.GetProperty("output_format").GetString());
        Assert.Equal(5, completed.GetProperty("seed").GetInt32());
        Assert.Equal("red apple", completed.GetProperty("class_label").GetString());
        Assert.Equal(5, completed.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal(3, completed.GetProperty("timings").GetProperty("coarse_ms").GetDouble());
        Assert.Equal(answer.Layout, completed.GetProperty("layout").Deserialize<int[]>());
        Assert.Equal(answer.Tokens, completed.GetProperty("tokens").Deserialize<int[]>());
    }

    [Theory]
    [InlineData("text/event-stream")]
    [InlineData("application/json")]
    [InlineData("*/*")]
    [InlineData("text/*, image/png")]
    public async Task Stream_AcceptsEventsOrJson_IsAStream(string accept)
    {
        using var response = await _api.PostImages("""{"class_label": 0, "stream": true}""", accept);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("no-store, no-cache", response.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task Stream_AcceptsImagesOnly_Returns406()
    {
        using var response = await _api.PostImages("""{"class_label": 0, "stream": true}""", "image/png");

        Assert.Contains("text/event-stream", (await response.Error(HttpStatusCode.NotAcceptable)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_StepFailsBeforeTheFirstEvent_IsAnErrorStatus()
    {
        _api.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        using var response = await _api.PostImages("""{"class_label": 0, "stream": true}""");

        Assert.Equal("generation_failed", (await response.Error(HttpStatusCode.InternalServerError)).Code);
    }

    [Fact]
    public async Task Stream_StepFailsAfterAPreview_SendsAnErrorEventAndEnds()
    {
        _api.Generator.StepsPerImage = 3;
        _api.Generator.HoldNextStep().Open(); // the first step passes, the second fails
        _api.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        var events = await Stream("""{"class_label": 0, "stream": true, "partial_images": 3}""");

        Assert.Equal([Partial, "error"], events.Select(item => item.Type));
        Assert.Equal("generation_failed", events[1].Json.GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain("broken kernel", events[1].Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_DeadlineAfterAPreview_SendsAnErrorEventThatNamesTheLimit()
    {
        _api.Generator.StepsPerImage = 3;
        _api.Generator.HoldNextStep().Open();
        using var second = _api.Generator.HoldNextStep();
        using var response = await _api.PostImages("""{"class_label": 0, "stream": true, "partial_images": 3, "timeout_ms": 5000}""");
        await second.Entered;

        _api.Clock.Advance(TimeSpan.FromSeconds(5));

        var events = await Events(response);
        Assert.Equal([Partial, "error"], events.Select(item => item.Type));
        Assert.Contains("5 s, the limit in timeout_ms", events[1].Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_StepHangsAfterAPreview_SendsAnErrorEventBeforeTheProcessEnds()
    {
        var exits = new ConcurrentQueue<int>();
        await using var api = new TestApi
        {
            Settings = { ["Inference:StallTimeout"] = "00:00:01" },
            Replace = services => services.AddStuckExit(_ => exits.Enqueue),
        };
        await api.InitializeAsync();
        api.Generator.StepsPerImage = 3;
        api.Generator.HoldNextStep().Open();
        using var second = api.Generator.HoldNextStep();
        using var response = await api.PostImages("""{"class_label": 0, "stream": true, "partial_images": 3}""");
        await second.Entered;

        for (var seconds = 0; seconds < 5; seconds++)
        {
            api.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var events = await Events(response);
        Assert.Equal([Partial, "error"], events.Select(item => item.Type));
        Assert.Equal("device_hangs", events[1].Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(exits);
        api.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([70], exits);
    }

    [Fact]
    public async Task Stream_DeadlineAfterTheLastImageButBeforeItIsRead_SendsAllImagesThenDone()
    {
        var large = new FakeImageGenerator(FakeModels.Fruits with { ImageWidth = 512, ImageHeight = 512 }); // one image fills every buffer
        await using var api = new TestApi { Factory = new FakeImageGeneratorFactory { Generator = large } };
        await api.InitializeAsync();
        using var response = await api.PostImages("""{"class_label": 0, "n": 4, "stream": true, "timeout_ms": 5000}""");
        await api.Generate("""{"class_label": 1}"""); // drawn after the images of the stream, which are therefore finished

        api.Clock.Advance(TimeSpan.FromSeconds(5));

        var events = await Events(response);
        Assert.Equal([Completed, Completed, Completed, Completed], events.SkipLast(1).Select(item => item.Type));
        Assert.Equal("[DONE]", events[^1].Data);
    }

    [Fact]
    public async Task Stream_ClientHangsUp_FreesItsRowsAtTheNextStep()
    {
        _api.Generator.StepsPerImage = 3;
        _api.Generator.HoldNextStep().Open();
        using var second = _api.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        await _api.PostImagesUntil("""{"class_label": 0, "stream": true, "partial_images": 3, "n": 4}""", caller.Token); // until the first preview
        await second.Entered;

        await caller.CancelAsync();
        second.Open();
        await _api.Generate("""{"class_label": 1}""");

        Assert.Equal([1, 4, 4, 1, 1, 1], _api.Generator.Steps.Select(step => step.Count)); // warm-up, the stream's two steps, the next request alone
        Assert.DoesNotContain(_api.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    private async Task<IReadOnlyList<Event>> Stream(string json)
    {
        using var response = await _api.PostImages(json);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await Events(response);
    }

    private static async Task<IReadOnlyList<Event>> Events(HttpResponseMessage response)
    {
        var events = new List<Event>();
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            events.Add(new Event(item.EventType, item.Data));
        }

        return events;
    }

    private static Core.Generation.RgbImage Decode(Event item) => ImageCodec.Decode(File(item));

    private static byte[] File(Event item) => item.Json.GetProperty("b64_json").GetBytesFromBase64();

    private sealed record Event(string Type, string Data)
    {
        public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Data);
    }
}
