using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CtfService.Jobs.Databases;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Webhooks;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Webhooks;

/// <summary>Webhooks are delivered at least once, also after a crash, to allowed addresses only.</summary>
public sealed class WebhookDeliveryTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly WebhookReceiver _receiver = new();
    private readonly FakeLogger<WebhookDelivery> _log = new();
    private readonly List<WebhookDelivery> _deliveries = [];
    private JobsBench _bench = null!;

    public Task InitializeAsync()
    {
        var options = new JobsOptions { WebhookSecret = Secret, WebhooksToPrivateNetworks = true };
        _bench = new JobsBench(new SqliteDatabase(_folder.Root, _clock), _clock, options);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var delivery in _deliveries)
        {
            await delivery.StopAsync(CancellationToken.None);
            delivery.Dispose();
        }

        await _bench.DisposeAsync();
        _receiver.Dispose();
        _folder.Dispose();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Job_Completed_IsToldOnceWithAValidSignature()
    {
        await StartAsync();
        await _bench.StartAsync();
        var job = await _bench.EndedAsync(await CreateAsync("2,3"));

        await Until(() => !_receiver.Received.IsEmpty);

        await Delivered();
        var told = Assert.Single(_receiver.Received);
        Assert.Equal("/hook?token=secret", told.Path);
        var ended = job.EndedAt!.Value.ToUnixTimeSeconds();
        Assert.Equal(
            $$$"""{"id":"evt_{{{job.Id}}}","object":"event","type":"test.completed","created_at":{{{ended}}},"data":{"id":"{{{job.Id}}}"}}""",
            told.Body);
        var timestamp = long.Parse(told.Timestamp, CultureInfo.InvariantCulture);
        Assert.Equal(WebhookSignature.Of(Secret, $"evt_{job.Id}", timestamp, Encoding.UTF8.GetBytes(told.Body)), told.Signature);
        Assert.Equal(_clock.GetUtcNow().ToUnixTimeSeconds(), timestamp, tolerance: 60);
    }

    [Fact]
    public async Task Job_Failed_IsToldAsWell()
    {
        await StartAsync();
        await EndAsync(_receiver.Address);

        await Until(() => !_receiver.Received.IsEmpty);

        Assert.Contains("\"type\":\"test.failed\"", Assert.Single(_receiver.Received).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receiver_Fails_IsToldAgainWithTheSameIdAndBody()
    {
        foreach (var status in new[] { 500, 503, 500, 404, 302 }) // three requests of the first attempt, then one of each
        {
            _receiver.Statuses.Enqueue(status);
        }

        await StartAsync();
        await EndAsync(_receiver.Address);

        await Until(() => _receiver.Received.Count == 6);

        await Delivered();
        Assert.Single(_receiver.Received.Select(told => (told.Id, told.Body, told.Path)).Distinct());
        Assert.Equal([1, 2, 3], Attempts(JobEventIds.WebhookRetried, 1, 2, 3));
        Assert.Equal([4], Attempts(JobEventIds.WebhookDelivered, 4));
    }

    [Fact]
    public async Task Process_KilledDuringAnAttempt_AnotherOneTells()
    {
        await EndAsync(_receiver.Address);
        Assert.NotNull(await _bench.Store.Webhooks.TakeAsync(CancellationToken.None)); // by a process that ends here
        await StartAsync();

        await Until(() => !_receiver.Received.IsEmpty);

        await Delivered();
        Assert.Single(_receiver.Received);
        Assert.Equal([2], Attempts(JobEventIds.WebhookDelivered, 2));
    }

    [Fact]
    public async Task Receiver_Gone_IsNotToldAgain()
    {
        _receiver.Statuses.Enqueue(410);
        await StartAsync();
        await EndAsync(_receiver.Address);

        await Until(() => _log.Collector.GetSnapshot().Any(line => line.Id.Id == JobEventIds.WebhookGivenUp));

        await Delivered();
        Assert.Single(_receiver.Received);
    }

    [Fact]
    public async Task Receiver_NeverAnswers_IsGivenUpAfterADay()
    {
        var start = _clock.GetUtcNow();
        for (var request = 0; request < 100; request++)
        {
            _receiver.Statuses.Enqueue(404);
        }

        await StartAsync();
        await EndAsync(_receiver.Address);

        await Until(() => _log.Collector.GetSnapshot().Any(line => line.Id.Id == JobEventIds.WebhookGivenUp), TimeSpan.FromMinutes(10));

        await Delivered();
        // An attempt that a busy machine delays for longer than its lease, which the clock of the test leaps over, is made again.
        Assert.InRange(_receiver.Received.Count, WebhookDelivery.MaxAttempts, WebhookDelivery.MaxAttempts + 2);
        Assert.InRange(_clock.GetUtcNow() - start, TimeSpan.FromHours(18), TimeSpan.FromHours(36));
        Assert.DoesNotContain(_log.Collector.GetSnapshot(), line => line.Message.Contains("token=secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task Receiver_OnThisMachine_IsNeverConnectedTo(string host)
    {
        await StartAsync(_bench.Options with { WebhooksToPrivateNetworks = false });
        await EndAsync($"http://{host}:{_receiver.Port}/hook");

        await Until(() => _log.Collector.GetSnapshot().Any(line => line.Id.Id == JobEventIds.WebhookGivenUp));

        Assert.Empty(_receiver.Received);
        Assert.Contains("Jobs:WebhooksToPrivateNetworks", _log.LatestRecord.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Webhook_ThatCannotBeSent_KeepsNoOtherOneBack()
    {
        await StartAsync();
        await EndAsync("ftp://127.0.0.1/hook"); // no address that is accepted today
        await EndAsync(_receiver.Address);

        await Until(() => !_receiver.Received.IsEmpty);

        Assert.Contains(_log.Collector.GetSnapshot(), line => line.Id.Id == JobEventIds.WebhookRetried);
    }

    [Fact]
    public async Task Receiver_Silent_KeepsNoLaterOneBack()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await StartAsync();
        await EndAsync($"http://{silent.LocalEndpoint}/hook");
        await Until(silent.Pending);

        await EndAsync(_receiver.Address);
        await Until(() => !_receiver.Received.IsEmpty);

        Assert.DoesNotContain(_log.Collector.GetSnapshot(), line => line.Id.Id == JobEventIds.WebhookRetried); // the first one still waits
    }

    [Fact]
    public async Task Row_ThatCannotBeRead_DoesNotEndTheService()
    {
        await EndAsync(_receiver.Address);
        await _bench.Database.RunAsync(session => session.ExecuteAsync("update jobs set state = 'of a newer version'"), CancellationToken.None);
        await StartAsync();
        await Until(() => _log.Collector.GetSnapshot().Any(line => line.Id.Id == JobEventIds.WebhooksFailed));

        await _bench.Database.RunAsync(session => session.ExecuteAsync("update jobs set state = 'failed'"), CancellationToken.None);

        await Until(() => !_receiver.Received.IsEmpty);
    }

    [Fact]
    public async Task Job_WithoutAWebhook_TellsNobody()
    {
        await EndAsync(webhook: null);

        Assert.Null(await _bench.Store.Webhooks.WaitAsync(CancellationToken.None));
    }

    private async Task StartAsync(JobsOptions? options = null)
    {
        options ??= _bench.Options;
        var delivery = new WebhookDelivery(_bench.Store, new WebhookClient(options, _clock), _bench.Metrics, options, _clock, _log);
        _deliveries.Add(delivery);
        await delivery.StartAsync(CancellationToken.None);
    }

    private Task<Job> CreateAsync(string specification, string? webhook = "") => _bench.Jobs.CreateAsync(
        new NewJob(JobIds.New("job_"), FakeJobHandler.TestKind, "", 1, specification, TimeSpan.FromDays(10))
        {
            Webhook = webhook == "" ? _receiver.Address : webhook,
        },
        CancellationToken.None);

    /// <summary>Creates a job that is refused at once.</summary>
    private async Task EndAsync(string? webhook)
    {
        await CreateAsync("1", webhook);
        var claim = (await _bench.ClaimAsync("worker"))!;
        Assert.True(await _bench.Store.Queue.RefusedAsync(claim, [new JobError("invalid", "Invalid.")], CancellationToken.None));
    }

    /// <summary>Completes when nothing is left to deliver.</summary>
    private Task Delivered() => _bench.UntilAsync(async () => await _bench.Store.Webhooks.WaitAsync(CancellationToken.None) is null
        && _log.Collector.GetSnapshot().Any(line => line.Id.Id is JobEventIds.WebhookDelivered or JobEventIds.WebhookGivenUp));

    private IReadOnlyList<int> Attempts(int eventId, params int[] expected)
    {
        var lines = _log.Collector.GetSnapshot().Where(line => line.Id.Id == eventId).ToList();
        return [.. lines.Zip(expected, (line, attempt) => line.Message.Contains($"attempt {attempt}", StringComparison.Ordinal) ? attempt : 0)];
    }

    /// <summary>Lets time pass until a condition holds.</summary>
    private async Task Until(Func<bool> condition, TimeSpan? step = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            _clock.Advance(step ?? TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
