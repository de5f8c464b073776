using System.Net;
using Microsoft.AspNetCore.Http;

namespace CtfService.Gateway.Tests.Forwarding;

/// <summary>When a request is sent to another replica, and when it is not.</summary>
public sealed class ResendTests
{
    private const string Seeded = """{"seed":7}""";
    private const string Unseeded = """{"prompt":"a banana"}""";

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Answer_OfAReplicaWithoutRoom_ComesFromTheOther(int status)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = context => { context.Response.StatusCode = status; context.Response.Headers["X-From"] = "a"; return context.Response.WriteAsync("full"); };

        for (var i = 0; i < 4; i++)
        {
            using var response = await gateway.Post(Unseeded);
            Assert.Equal((HttpStatusCode.OK, "b", false),
                (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.Contains("X-From")));
        }

        Assert.All(b.Received, request => Assert.Equal(Unseeded, request.Body));
        Assert.True(await gateway.Metric("ctf_gateway_resends", "busy") > 0);
    }

    [Fact]
    public async Task Answer_OfReplicasThatAreAllFull_IsPassedOn()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = b.Answer = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "9";
            return context.Response.WriteAsync("full");
        };

        using var response = await gateway.Post(Unseeded);

        Assert.Equal((HttpStatusCode.TooManyRequests, "full"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(TimeSpan.FromSeconds(9), response.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task Replica_ThatDied_LosesNoRequest()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync([a.Address, b.Address], "HealthInterval=00:01:00"); // only the refusal tells
        await gateway.ReadyAsync(2);

        await a.StopAsync();
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("b", await gateway.PostText(Seeded));
        }

        Assert.Equal(1, await gateway.ReadyReplicas());
    }

    [Theory]
    [InlineData(Seeded, "/v1/images/generations", "", "b")]
    [InlineData(Unseeded, "/v1/images/generations", "", "b")] // nobody has seen the lost images
    [InlineData(Seeded, "/v1/datasets", "key-1", "b")]
    [InlineData(Seeded, "/v1/datasets", "", "replica_lost")] // a job would be created twice
    public async Task Connection_BrokenAfterTheRequestWasRead_IsSentAgainOnlyIfThatIsSafe(string json, string path, string key, string expected)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            await body.ReadToEndAsync();
            context.Abort();
        };

        List<string> answers = [];
        for (var i = 0; i < 2; i++) // one of them meets the dying replica first
        {
            using var response = await gateway.Post(json, path, key.Length > 0 ? [("Idempotency-Key", key)] : []);
            answers.Add(response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : await TestGateway.ErrorCode(response));
        }

        Assert.Contains(expected, answers);
        Assert.Equal(expected == "b", answers.All(answer => answer == "b"));
    }

    [Theory]
    [InlineData("rate_limit_exceeded", "refused by a")]
    [InlineData("image_quota_exceeded", "refused by a")]
    [InlineData("queue_full", "b")]
    public async Task Refusal_ForALimitOfTheCaller_IsPassedOnAndNotTriedElsewhere(string code, string expected)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "9";
            return context.Response.WriteAsync($$$"""{"error":{"message":"m","type":"t","param":null,"code":"{{{code}}}"}}""");
        };

        List<string> answers = [];
        for (var i = 0; i < 2; i++)
        {
            using var response = await gateway.Post(Unseeded);
            var text = await response.Content.ReadAsStringAsync();
            answers.Add(text.Contains(code, StringComparison.Ordinal) && response.Headers.RetryAfter?.Delta == TimeSpan.FromSeconds(9) ? "refused by a" : text);
        }

        Assert.Contains(expected, answers);
        Assert.Equal(expected == "b", answers.All(answer => answer == "b"));
    }

    [Fact]
    public async Task Connection_ClosedInTheMomentOfItsReuse_LosesNoRequestAndCreatesOneJob()
    {
        await using var a = new ClosingReplica();
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync([a.Address, b.Address]);
        await gateway.ReadyAsync(2);

        for (var i = 0; i < 6; i++)
        {
            Assert.Equal("b", await gateway.PostText(Seeded, "/v1/datasets"));
        }

        Assert.True(a.Closed >= 1);
        Assert.Equal(6, b.Received.Count);
    }

    [Fact]
    public async Task Body_OfARequestThatIsNotRepeatable_IsSentWhenTheReplicaWantsIt()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);

        await gateway.PostText(Unseeded, "/v1/datasets");
        await gateway.PostText(Unseeded);

        Assert.Equal([true, false], a.Received.Select(request => request.Headers.ContainsKey("Expect")));
    }

    [Theory]
    [InlineData("POST", "/v1/batches/batch_1/cancel", "b")]
    [InlineData("POST", "/v1/batches", "replica_lost")]
    public async Task Request_WithoutABodyThatIsCutOff_IsSentAgainOnlyIfThatIsSafe(string method, string path, string expected)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = context => { context.Abort(); return Task.CompletedTask; };

        List<string> answers = [];
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            using var response = await gateway.Client.SendAsync(request);
            answers.Add(response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : await TestGateway.ErrorCode(response));
        }

        Assert.Contains(expected, answers);
        Assert.Equal(expected == "b", answers.All(answer => answer == "b"));
    }

    [Fact]
    public async Task Get_WhoseConnectionBreaks_IsSentAgain()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = context => { context.Abort(); return Task.CompletedTask; };

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal("b", await gateway.Client.GetStringAsync("/v1/classes"));
        }
    }

    [Fact]
    public async Task Body_AboveTheBuffer_IsStreamedWholeAndSentOnce()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync([a.Address, b.Address], "MaxBufferedBytes=1000");
        await gateway.ReadyAsync(2);
        long received = 0;
        b.Answer = a.Answer = async context =>
        {
            var buffer = new byte[65_536];
            for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0;)
            {
                Interlocked.Add(ref received, count);
            }

            context.Response.StatusCode = 503;
        };

        using var response = await gateway.Client.PostAsync("/v1/files", new ByteArrayContent(new byte[5_000_000]));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(5_000_000, received);
    }

    [Fact]
    public async Task Images_LostWithEveryReplica_Return503WithRetryAfter()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = b.Answer = context => { context.Abort(); return Task.CompletedTask; };

        using var response = await gateway.Post(Unseeded);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "replica_lost"), (response.StatusCode, await TestGateway.ErrorCode(response)));
        Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
    }

    [Theory]
    [InlineData("")]
    [InlineData("full")]
    [InlineData("[]")]
    [InlineData("""{"error":"full"}""")]
    [InlineData("""{"error":{"code":5}}""")]
    [InlineData("""{"error":{"code":"a"},"error":{}}""")]
    [InlineData(null)] // longer than any error
    public async Task Refusal_ThatCannotBeRead_IsTriedElsewhere(string? body)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = context =>
        {
            context.Response.StatusCode = 429;
            return context.Response.WriteAsync(body ?? new string(' ', 100_000));
        };

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("b", await gateway.PostText(Unseeded));
        }
    }

    [Theory]
    [InlineData(401, "/v1/datasets", 20)]
    [InlineData(401, "/v1/images/generations", 20)]
    [InlineData(413, "/v1/files", 5_000_000)]
    public async Task Refusal_BeforeTheBodyWasWanted_IsPassedOn(int status, string path, int bytes)
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);
        a.Answer = context => { context.Response.StatusCode = status; return context.Response.WriteAsync("no"); };

        for (var i = 0; i < 3; i++)
        {
            using var response = await gateway.Client.PostAsync(path, new ByteArrayContent(new byte[bytes]));
            Assert.Equal((status, "no"), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
        }
    }

    [Fact]
    public async Task Upload_ThatAReplicaDidNotWant_GoesToTheOtherWhole()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Answer = context => { context.Response.StatusCode = 503; return Task.CompletedTask; };

        for (var i = 0; i < 2; i++)
        {
            using var response = await gateway.Client.PostAsync("/v1/files", new ByteArrayContent(new byte[5_000_000]));
            Assert.Equal("b", await response.Content.ReadAsStringAsync());
        }

        Assert.All(b.Received, request => Assert.Equal(5_000_000, request.Body.Length));
    }

    [Fact]
    public async Task Attempts_One_TurnsResendingOff()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync([a.Address, b.Address], "Attempts=1");
        await gateway.ReadyAsync(2);
        a.Answer = context => { context.Response.StatusCode = 503; return Task.CompletedTask; };

        using var first = await gateway.Post(Seeded);
        using var second = await gateway.Post(Seeded);

        Assert.Contains(HttpStatusCode.ServiceUnavailable, new[] { first.StatusCode, second.StatusCode });
    }
}
