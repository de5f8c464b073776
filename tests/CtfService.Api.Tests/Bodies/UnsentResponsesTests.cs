using System.Diagnostics.Metrics;
using CtfService.Api.Bodies;
using CtfService.Api.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests.Bodies;

public sealed class UnsentResponsesTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly UnsentResponses _unsent;

    public UnsentResponsesTests() => _unsent = new UnsentResponses(new LimitsOptions { MaxUnsentBytes = 100 }, _services.GetRequiredService<IMeterFactory>());

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Add_AboveTheLimit_AbortsTheOldest()
    {
        var (first, second, third) = (Reader(60), Reader(40), Reader(30));

        first.Sending.Begin();
        second.Sending.Begin();
        third.Sending.Begin();

        Assert.Equal((true, false, false), (first.IsAborted, second.IsAborted, third.IsAborted));
        Assert.Equal(70, _unsent.Bytes);
    }

    [Fact]
    public void Add_OneResponseAboveTheLimit_IsSent()
    {
        var large = Reader(1_000);

        large.Sending.Begin();

        Assert.False(large.IsAborted);
    }

    [Fact]
    public void End_ResponseIsRead_HoldsNothing()
    {
        var reader = Reader(60);

        reader.Sending.Begin();
        reader.Sending.Begin(); // the next event
        Assert.Equal(60, _unsent.Bytes);
        reader.Sending.End();
        reader.Sending.End();

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, _unsent.Bytes);
        Assert.False(reader.IsAborted);
    }

    [Fact]
    public void Begin_NotReadInTime_IsAborted()
    {
        var reader = Reader(1);

        reader.Sending.Begin();
        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(reader.IsAborted);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(reader.IsAborted);
    }

    [Fact]
    public void Begin_RequestHasEnded_NeitherHoldsNorAbortsAnything()
    {
        var reader = Reader(60);
        reader.Sending.Dispose();

        reader.Sending.Begin(); // the server starts the response after everything else has ended
        reader.Sending.Abort(); // a timer that fires late
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(0, _unsent.Bytes);
        Assert.False(reader.IsAborted);
    }

    private FakeReader Reader(long bytes) => new(bytes, _unsent, _clock);

    private sealed class FakeReader : IHttpRequestLifetimeFeature
    {
        public FakeReader(long bytes, UnsentResponses unsent, TimeProvider clock)
        {
            var http = new DefaultHttpContext();
            http.Features.Set<IHttpRequestLifetimeFeature>(this);
            Sending = new Sending(http, unsent, TimeSpan.FromSeconds(30), clock);
            Sending.Holds(bytes);
        }

        public Sending Sending { get; }

        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;
    }
}
