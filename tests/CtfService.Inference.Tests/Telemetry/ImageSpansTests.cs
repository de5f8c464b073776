using System.Collections.Concurrent;
using System.Diagnostics;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Tests.Worker;

namespace CtfService.Inference.Tests.Telemetry;

/// <summary>Spans of traces that the test starts. The root span of a request replaces the span of the web server.</summary>
public sealed class ImageSpansTests : IAsyncLifetime, IDisposable
{
    private readonly WorkerHost _host = new();
    private readonly ActivitySource _server = new($"server-{Guid.NewGuid()}");
    private readonly ConcurrentQueue<Activity> _stopped = new();
    private readonly ActivityListener _listener;

    public ImageSpansTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source == _server || source.Name == Tracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent == default || options.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public Task InitializeAsync() => _host.StartAsync();

    public Task DisposeAsync() => _host.StopAsync();

    public void Dispose()
    {
        _listener.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task Generate_TracedRequest_EachImageHasItsStagesInOrder()
    {
        var request = _server.StartActivity("request")!;
        var arrived = _host.Clock.GetUtcNow();
        using var gate = _host.Generator.HoldNextStep();
        var first = _host.Generate(images: 1);
        await gate.Entered;
        var second = _host.Generate(images: 1);
        _host.Clock.Advance(TimeSpan.FromSeconds(2));
        gate.Open();
        await Task.WhenAll(first, second);
        request.Stop();

        var images = Spans(request, "image");
        Assert.Equal(2, images.Count);
        Assert.All(images, image => Assert.Equal(request.SpanId, image.ParentSpanId));
        var waited = images[^1];
        var stages = _stopped.Where(span => span.ParentSpanId == waited.SpanId).OrderBy(span => span.StartTimeUtc).ToList();
        Assert.Equal(["queue", "coarse", "fine", "vq_decode"], stages.Select(span => span.OperationName));
        Assert.Equal([2_000, 3, 2, 1], stages.Select(span => span.Duration.TotalMilliseconds));
        Assert.Equal(arrived.UtcDateTime, stages[0].StartTimeUtc);
        Assert.All(stages.Zip(stages.Skip(1)), pair => Assert.Equal(pair.First.StartTimeUtc + pair.First.Duration, pair.Second.StartTimeUtc));
        Assert.Equal((waited.StartTimeUtc, TimeSpan.FromMilliseconds(2_006)), (stages[0].StartTimeUtc, waited.Duration));
    }

    [Fact]
    public async Task Generate_TracedRequest_ItsImageTellsItsDecodeSteps()
    {
        _host.Generator.StepsPerImage = 3;
        var request = _server.StartActivity("request")!;

        await _host.Generate(images: 1);
        request.Stop();

        Assert.Equal(3, Assert.Single(Spans(request, "image")).GetTagItem("ctf.image.decode_steps"));
    }

    [Fact]
    public async Task Generate_RequestsFinishTogether_TheirLaterStagesAndTheBatchLinkToEachOther()
    {
        using var gate = _host.Generator.HoldNextStep();
        var before = _host.Generate(images: 1); // holds the worker until both requests have arrived
        await gate.Entered;
        var first = Start(out var firstRequest);
        var second = Start(out var secondRequest);
        gate.Open();
        await Task.WhenAll(before, first, second);

        var batch = Assert.Single(Spans(firstRequest, "batch"));
        Assert.Equal(2, batch.GetTagItem("ctf.batch.images"));
        Assert.Equal([firstRequest.SpanId, secondRequest.SpanId], batch.Links.Select(link => link.Context.SpanId));
        foreach (var request in (Activity[])[firstRequest, secondRequest])
        {
            Assert.Equal(batch.SpanId, Assert.Single(Assert.Single(Spans(request, "fine")).Links).Context.SpanId);
            Assert.Equal(batch.SpanId, Assert.Single(Assert.Single(Spans(request, "vq_decode")).Links).Context.SpanId);
            Assert.Empty(Assert.Single(Spans(request, "coarse")).Links);
        }
    }

    [Fact]
    public async Task Generate_UntracedRequest_MakesNoSpans()
    {
        await _host.Generate(images: 2);
        using var unsampled = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start(); // not recorded
        await _host.Generate(images: 2);
        unsampled.Stop();

        Assert.DoesNotContain(_stopped, span => span.TraceId == unsampled.TraceId);
        Assert.DoesNotContain(_stopped, span => span.ParentSpanId == default && span.Source.Name == Tracing.SourceName);
    }

    /// <summary>Starts a request with a new trace.</summary>
    private Task<IReadOnlyList<InferenceEvent.Finished>> Start(out Activity request)
    {
        var outer = Activity.Current;
        Activity.Current = null;
        request = _server.StartActivity("request")!;
        var answered = _host.Generate(images: 1);
        request.Stop();
        Activity.Current = outer;
        return answered;
    }

    private List<Activity> Spans(Activity request, string name) =>
        [.. _stopped.Where(span => span.TraceId == request.TraceId && span.OperationName == name).OrderBy(span => span.StartTimeUtc + span.Duration)];
}
