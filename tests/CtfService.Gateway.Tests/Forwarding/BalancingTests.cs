using System.Net;
using Microsoft.AspNetCore.Http;

namespace CtfService.Gateway.Tests.Forwarding;

/// <summary>Which replica gets a request, and what it receives.</summary>
public sealed class BalancingTests
{
    [Fact]
    public async Task Requests_OneAfterAnother_TakeTurns()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);

        for (var i = 0; i < 10; i++)
        {
            await gateway.PostText("{}");
        }

        Assert.Equal((5, 5), (a.Received.Count, b.Received.Count));
    }

    [Fact]
    public async Task Requests_WhileOneReplicaIsBusy_GoToTheOther()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        var (entered, release) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        a.Answer = async _ =>
        {
            entered.TrySetResult();
            await release.Task;
        };

        List<Task<HttpResponseMessage>> started = [];
        while (!entered.Task.IsCompleted)
        {
            started.Add(gateway.Post("{}"));
            await Task.WhenAny(entered.Task, started[^1]);
        }

        var before = b.Received.Count;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("b", await gateway.PostText("{}"));
        }

        release.SetResult();
        await Task.WhenAll(started);
        Assert.Equal(before + 5, b.Received.Count);
    }

    [Fact]
    public async Task Requests_WhileOneReplicaDrawsManyImages_GoToTheOther()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        var release = new TaskCompletionSource();
        RequestDelegate wait = async context =>
        {
            using var text = new StreamReader(context.Request.Body);
            await text.ReadToEndAsync();
            await release.Task;
        };
        var (first, second) = (new TaskCompletionSource<string>(), new TaskCompletionSource<string>());
        a.Answer = context => { (first.Task.IsCompleted ? second : first).TrySetResult("a"); return wait(context); };
        b.Answer = context => { (first.Task.IsCompleted ? second : first).TrySetResult("b"); return wait(context); };

        List<Task<HttpResponseMessage>> waiting = [gateway.Post("""{"n":3}""")];
        var busy = await first.Task;
        waiting.Add(gateway.Post("""{"n":1}"""));
        var free = await second.Task;
        (busy == "a" ? b : a).Answer = context => context.Response.WriteAsync("free");

        Assert.NotEqual(busy, free);
        for (var i = 0; i < 3; i++) // 1 image waits there and 3 elsewhere
        {
            Assert.Equal("free", await gateway.PostText("{}"));
        }

        release.SetResult();
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task Request_WithAKeyAndForgedAddress_ArrivesWithTheKeyAndTheRealAddress()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);

        using var response = await gateway.Post(
            """{"seed":1}""", "/v1/images/generations", ("Authorization", "Bearer secret"), ("X-Forwarded-For", "1.2.3.4"), ("X-Request-Id", "mine"));

        var received = Assert.Single(a.Received);
        Assert.Equal("""{"seed":1}""", received.Body);
        Assert.Equal("Bearer secret", received.Headers["Authorization"]);
        Assert.Equal("127.0.0.1", received.Headers["X-Forwarded-For"]);
        Assert.Equal("mine", received.Headers["X-Request-Id"]);
        Assert.Equal(gateway.Client.BaseAddress!.Authority, received.Headers["Host"]);
        Assert.Equal("mine", response.Headers.GetValues("X-Request-Id").Single());
    }

    [Fact]
    public async Task Request_FromATrustedProxy_ArrivesWithTheAddressThatItNames()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync([a.Address], "TrustedProxies:0=127.0.0.0/8", "TrustedProxies:1=::1");
        await gateway.ReadyAsync(1);

        using var response = await gateway.Post("{}", "/v1/images/generations", ("X-Forwarded-For", "1.2.3.4"));

        Assert.Equal("1.2.3.4", Assert.Single(a.Received).Headers["X-Forwarded-For"]);
    }

    [Fact]
    public async Task Replica_Stopped_IsOutAndComesBackWithAGoodProbe()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);

        a.Health = context => { context.Response.StatusCode = 503; return Task.CompletedTask; };
        await gateway.ReadyAsync(1);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("b", await gateway.PostText("{}"));
        }

        a.Health = _ => Task.CompletedTask;
        await gateway.ReadyAsync(2);
    }

    [Fact]
    public async Task Replica_WithSlowProbes_IsOutWhileTheOtherServes()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync([a.Address, b.Address], "HealthTimeout=00:00:00.2000000");
        await gateway.ReadyAsync(2);
        var gate = new TaskCompletionSource();

        a.Health = context => gate.Task.WaitAsync(context.RequestAborted);
        await gateway.ReadyAsync(1);

        Assert.Equal("b", await gateway.PostText("{}"));
        gate.SetResult();
        await gateway.ReadyAsync(2);
    }

    [Fact]
    public async Task NoReplica_IsReady_Returns503WithRetryAfter()
    {
        await using var gateway = await TestGateway.StartAsync(["http://127.0.0.1:9"]);

        using var response = await gateway.Post("{}");
        using var health = await gateway.Client.GetAsync("/health/ready");
        using var live = await gateway.Client.GetAsync("/health/live");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("no_replica_ready", await TestGateway.ErrorCode(response));
        Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (health.StatusCode, live.StatusCode));
    }
}
