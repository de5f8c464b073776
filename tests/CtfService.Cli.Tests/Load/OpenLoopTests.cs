using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Arrivals;
using CtfService.LoadGenerator.Requests;
using CtfService.LoadGenerator.Sending;
using Microsoft.AspNetCore.Http;

namespace CtfService.Cli.Tests.Load;

/// <summary>The load generator against a server that misbehaves in every way that it must notice.</summary>
public sealed class OpenLoopTests : IAsyncLifetime
{
    private const int Distinct = 12;

    private static readonly LoadPlan Plan = new() { Rate = 200, Duration = TimeSpan.FromMilliseconds(250), Arrivals = ArrivalProcess.Constant };

    private FakeImageService _service = null!;

    public async Task InitializeAsync() => _service = await FakeImageService.StartAsync();

    public Task DisposeAsync() => _service.DisposeAsync().AsTask();

    [Fact]
    public async Task Run_EveryKindOfRequest_IsAnsweredRight()
    {
        var catalog = await CatalogAsync(TrafficMix.Default.Replace(",hangup=2", "", StringComparison.Ordinal));

        var report = await OpenLoop.RunAsync(_service.Target, catalog, Plan with { Rate = 600 }, CancellationToken.None);

        Assert.Equal((150, 0), (report.Sent, report.Wrong));
        Assert.Equal(150, report.Count(Outcome.Ok) + report.Count(Outcome.BadRequestRefused));
        Assert.Equal(Enum.GetNames<RequestKind>().Select(name => name.ToLowerInvariant()), report.Kinds.Select(kind => kind.Kind));
        Assert.Empty(report.Faults);
    }

    [Fact]
    public async Task Run_ServerStalls_TimesCountFromTheMomentRequestsWereDue()
    {
        var catalog = await CatalogAsync("file=1");
        var stall = Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        _service.Misbehave = async (_, _) =>
        {
            await stall;
            return false;
        };

        var report = await OpenLoop.RunAsync(_service.Target, catalog, Plan, CancellationToken.None);

        Assert.Equal((50, 0), (report.Sent, report.Wrong)); // sent while nothing was answered
        Assert.InRange(report.Latency.P50, 500, 60_000); // the request in the middle was due half a second before the end of the stall
        Assert.True(report.Latency.P50 >= report.ServiceTime.P50);
        Assert.Equal(0, report.ImagesPerSecond); // all came after the end of the measurement
    }

    [Theory]
    [InlineData("500", Outcome.WrongStatus)]
    [InlineData("504", Outcome.WrongStatus)] // the request has no time limit
    [InlineData("429 without Retry-After", Outcome.WrongStatus)]
    [InlineData("not an image", Outcome.Undecodable)]
    [InlineData("no end", Outcome.Undecodable)]
    [InlineData("broken connection", Outcome.ConnectionError)]
    [InlineData("no answer", Outcome.Unanswered)]
    public async Task Run_OneWrongAnswer_IsNoticed(string fault, Outcome expected)
    {
        var catalog = await CatalogAsync("stream=1");
        _service.Misbehave = (context, number) => number == 3 ? MisbehaveAsync(context, fault) : Task.FromResult(false);

        var report = await OpenLoop.RunAsync(_service.Target, catalog, Plan with { Timeout = TimeSpan.FromSeconds(3) }, CancellationToken.None);

        Assert.Equal((1, 1), (report.Count(expected), report.Wrong));
        Assert.Equal(report.Sent - 1, report.Count(Outcome.Ok));
        Assert.Contains(expected.ToString(), Assert.Single(report.Faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json=1")]
    [InlineData("file=1")]
    [InlineData("stream=1")]
    [InlineData("variation=1,edit=1,redetail=1")]
    public async Task Run_OtherImages_AreWrongBytes(string mix)
    {
        var catalog = await CatalogAsync(mix);
        _service.Colour = 100;

        var report = await OpenLoop.RunAsync(_service.Target, catalog, Plan, CancellationToken.None);

        Assert.Equal((50, 0), (report.Count(Outcome.WrongBytes), report.Count(Outcome.Ok)));
    }

    [Fact]
    public async Task Run_BadRequestIsAccepted_IsWrong()
    {
        var catalog = await CatalogAsync("bad=1");
        _service.Misbehave = (_, _) => Task.FromResult(true); // 200 without a body

        var report = await OpenLoop.RunAsync(_service.Target, catalog, Plan, CancellationToken.None);

        Assert.Equal(50, report.Count(Outcome.WrongStatus));
    }

    [Fact]
    public async Task Run_CallersObeyRetryAfter_AndAreCountedAtTheirSecondAttempt()
    {
        var catalog = await CatalogAsync("file=1");
        _service.Misbehave = async (context, number) =>
        {
            if (number is 0 or 1)
            {
                await FakeImageService.RefuseAsync(context, 429, retryAfter: 1);
            }

            return number is 0 or 1;
        };
        var plan = Plan with { Rate = 8, Duration = TimeSpan.FromSeconds(2), ObeyingShare = 1 };

        var report = await OpenLoop.RunAsync(_service.Target, catalog, plan, CancellationToken.None);

        Assert.Equal((16, 2, 14), (report.Sent, report.Count(Outcome.Overloaded), report.Count(Outcome.Ok)));
        Assert.Equal(2, report.RefusalCodes["no"]);
        Assert.Equal((2, 0, 1.0), (report.Retries.Sent, report.Retries.RefusedAgain, report.Retries.AdmittedShare));
        Assert.Equal((0, 18), (report.Wrong, _service.Posts));
    }

    [Fact]
    public async Task Run_HangUps_ReachTheServer()
    {
        var catalog = await CatalogAsync("edit=1,hangup=1");
        _service.Misbehave = async (context, _) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            return true;
        };

        var plan = Plan with { HangUpWithin = TimeSpan.FromMilliseconds(200), Timeout = TimeSpan.FromSeconds(1) };
        var report = await OpenLoop.RunAsync(_service.Target, catalog, plan, CancellationToken.None);

        Assert.InRange(report.Count(Outcome.HungUp), 10, 40); // half of fifty
        Assert.Equal(50 - report.Count(Outcome.HungUp), report.Count(Outcome.Unanswered));
        Assert.NotEmpty(_service.Aborted);
    }

    [Fact]
    public async Task CheckAll_NamesTheRequestsThatAreWrong()
    {
        var catalog = await CatalogAsync("json=1,bad=1");
        var before = await ClosedLoop.CheckAllAsync(_service.Target, catalog, CancellationToken.None);
        _service.Colour = 100;

        var after = await ClosedLoop.CheckAllAsync(_service.Target, catalog, CancellationToken.None);

        Assert.Empty(before);
        Assert.Equal(Distinct, after.Count);
    }

    [Fact]
    public async Task ClosedLoop_EachCallerWaitsForItsAnswer()
    {
        var (catalog, open, most) = (await CatalogAsync("file=1"), 0, 0);
        _service.Misbehave = async (_, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref open));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            Interlocked.Decrement(ref open);
            return false;
        };

        var report = await ClosedLoop.RunAsync(_service.Target, catalog, Plan, callers: 3, TimeSpan.Zero, CancellationToken.None);

        Assert.InRange(most, 1, 3);
        Assert.InRange(report.Sent, 3, 39); // 13 for each caller at most
        Assert.Equal(0, report.Wrong);
    }

    private Task<RequestCatalog> CatalogAsync(string mix) => PrepareAsync(TrafficMix.Parse(mix));

    private async Task<RequestCatalog> PrepareAsync(TrafficMix mix)
    {
        var catalog = await CatalogPreparation.RunAsync(_service.Target, reference: null, mix, Distinct, seed: 1, CancellationToken.None);
        _service.Posts = 0;
        return catalog;
    }

    private static async Task<bool> MisbehaveAsync(HttpContext context, string fault)
    {
        switch (fault)
        {
            case "500" or "504":
                await FakeImageService.RefuseAsync(context, int.Parse(fault, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case "429 without Retry-After":
                await FakeImageService.RefuseAsync(context, 429);
                break;
            case "not an image":
                await context.Response.WriteAsync("data: {\"type\":\"image_generation.completed\",\"b64_json\":\"AAAA\"}\n\ndata: [DONE]\n\n");
                break;
            case "no end":
                await context.Response.WriteAsync(": nothing\n\n");
                break;
            case "broken connection":
                context.Abort();
                break;
            default:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
                break;
        }

        return true;
    }
}
