using System.Text;
using Microsoft.AspNetCore.Http;

namespace CtfService.Gateway.Tests.Forwarding;

/// <summary>Streams pass the gateway as they arrive, and hang-ups reach the other side.</summary>
public sealed class StreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Events_ArriveBeforeTheNextIsSent()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);
        var next = new SemaphoreSlim(0);
        a.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < 3; i++)
            {
                await context.Response.WriteAsync($"data: {i}\n\n");
                await context.Response.Body.FlushAsync();
                Assert.True(await next.WaitAsync(Patience));
            }
        };

        using var response = await gateway.Post("""{"stream":true}""");
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync());
        List<string?> lines = [];
        for (var i = 0; i < 3; i++)
        {
            lines.Add(await stream.ReadLineAsync().WaitAsync(Patience));
            await stream.ReadLineAsync().WaitAsync(Patience);
            next.Release(); // only now the replica sends the next
        }

        Assert.Equal(["data: 0", "data: 1", "data: 2"], lines);
        Assert.Null(await stream.ReadLineAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task HangUp_OfTheClient_ReachesTheReplica()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);
        var (entered, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        a.Answer = async context =>
        {
            context.RequestAborted.Register(left.SetResult);
            entered.SetResult();
            await left.Task;
        };
        using var caller = new CancellationTokenSource();

        var answer = gateway.Client.PostAsync("/v1/images/generations", new StringContent("{}", Encoding.UTF8, "application/json"), caller.Token);
        await entered.Task.WaitAsync(Patience);
        await caller.CancelAsync();

        await left.Task.WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    [Fact]
    public async Task Replica_DyingInTheMiddleOfAnAnswer_BreaksTheAnswerAndIsNotAskedElsewhere()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        var arrived = new TaskCompletionSource();
        b.Answer = a.Answer = async context =>
        {
            a.Received.Enqueue(ReceivedRequest.Of(context.Request, ""));
            await context.Response.WriteAsync("half of it");
            await context.Response.Body.FlushAsync();
            await arrived.Task;
            context.Abort();
        };

        using var response = await gateway.Post("""{"seed":1}""");
        arrived.SetResult();

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());
        Assert.Single(a.Received);
    }

    [Fact]
    public async Task Stop_WithAStreamRunning_LetsItFinish()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);
        var go = new TaskCompletionSource();
        a.Answer = async context =>
        {
            await context.Response.WriteAsync("first ");
            await context.Response.Body.FlushAsync();
            await go.Task;
            await context.Response.WriteAsync("last");
        };
        using var response = await gateway.Post("{}");

        var stopped = gateway.StopAsync();
        go.SetResult();

        Assert.Equal("first last", await response.Content.ReadAsStringAsync());
        await stopped.WaitAsync(Patience);
    }
}
