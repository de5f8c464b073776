using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace CtfService.Gateway.Tests.Endpoints;

/// <summary>Replicas with different models: requests go to one that has theirs, and the list has all.</summary>
public sealed class ModelRoutingTests
{
    [Theory]
    [InlineData("""{"model":"fruits"}""", "a")]
    [InlineData("""{"prompt":{"model":"fruits"},"model":"flowers"}""", "b")]
    [InlineData("""{"model":"flowers-alias"}""", "b")]
    public async Task Request_ThatNamesAModel_GoesToItsReplica(string json, string replica)
    {
        await using var a = await FakeReplica.StartAsync("a", "fruits");
        await using var b = await FakeReplica.StartAsync("b", "flowers");
        await using var gateway = await TestGateway.StartAsync(a, b);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(replica, await gateway.PostText(json));
        }
    }

    [Fact]
    public async Task Request_ThatNamesItsModelElsewhere_GoesToItsReplica()
    {
        await using var a = await FakeReplica.StartAsync("a", "fruits");
        await using var b = await FakeReplica.StartAsync("b", "flowers");
        await using var gateway = await TestGateway.StartAsync([a.Address, b.Address], "MaxBufferedBytes=1000");
        await gateway.ReadyAsync(2);

        for (var i = 0; i < 2; i++)
        {
            using var form = new MultipartFormDataContent
            {
                { new StringContent("flowers"), "model" },
                { new ByteArrayContent(new byte[50_000]), "image", "i.png" },
            };
            using var byField = await gateway.Client.PostAsync("/v1/images/variations", form);
            using var byHeader = await gateway.Post("{}", "/v1/images/generations", ("X-Model", "fruits"));

            Assert.Equal(("b", "a"), (await byField.Content.ReadAsStringAsync(), await byHeader.Content.ReadAsStringAsync()));
            Assert.Equal("b", await gateway.Client.GetStringAsync("/v1/models/flowers"));
        }
    }

    [Fact]
    public async Task Request_WhoseModelIsOut_Returns503AndNotTheOthersError()
    {
        await using var a = await FakeReplica.StartAsync("a", "fruits");
        await using var b = await FakeReplica.StartAsync("b", "flowers");
        await using var gateway = await TestGateway.StartAsync(a, b);
        a.Health = context => { context.Response.StatusCode = 503; return Task.CompletedTask; };
        await gateway.ReadyAsync(1);

        using var response = await gateway.Post("""{"model":"fruits"}""");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "no_replica_ready"), (response.StatusCode, await TestGateway.ErrorCode(response)));
        Assert.Equal("b", await gateway.PostText("""{"model":"unheard-of"}""")); // the replica says what is wrong
    }

    [Fact]
    public async Task List_OfDifferentReplicas_HasAllModelsOnce()
    {
        await using var a = await FakeReplica.StartAsync("a", "fruits", "birds");
        await using var b = await FakeReplica.StartAsync("b", "flowers", "birds");
        await using var gateway = await TestGateway.StartAsync(a, b);

        var list = JsonSerializer.Deserialize<JsonElement>(await gateway.Client.GetStringAsync("/v1/models"));

        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal(["birds", "flowers", "fruits"], list.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).Order());
    }

    [Fact]
    public async Task List_WithAWrongKey_IsTheReplicasRefusal()
    {
        await using var a = await FakeReplica.StartAsync("a", "fruits");
        await using var b = await FakeReplica.StartAsync("b", "flowers");
        await using var gateway = await TestGateway.StartAsync(a, b);
        b.Models = a.Models = context => { context.Response.StatusCode = 401; return context.Response.WriteAsync("no key"); };

        using var response = await gateway.Client.GetAsync("/v1/models");

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task Models_HiddenBehindAKey_AreReadWithTheGatewaysKeyOrFromTheProbe()
    {
        await using var a = await FakeReplica.StartAsync("a");
        a.Models = async context =>
        {
            var mayRead = context.Request.Headers.Authorization == "Bearer watch";
            context.Response.StatusCode = mayRead ? 200 : 401;
            await context.Response.WriteAsync(mayRead ? """{"data":[{"id":"fruits","aliases":["gpt-image-1"]}]}""" : "{}");
        };
        a.Health = context => context.Response.WriteAsync("""{"status":"ready","model":"fruits"}""");
        await using var b = await FakeReplica.StartAsync("b", "flowers");
        await using var with = await TestGateway.StartAsync([a.Address, b.Address], "ApiKey=watch");
        await using var without = await TestGateway.StartAsync([a.Address, b.Address]);
        await with.ReadyAsync(2);
        await without.ReadyAsync(2);

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("a", await with.PostText("""{"model":"gpt-image-1"}"""));
            Assert.Equal("a", await without.PostText("""{"model":"fruits"}"""));
        }
    }

    [Fact]
    public async Task ModelSwitch_BehindSeveralReplicas_IsRefused()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var b = await FakeReplica.StartAsync("b");
        await using var gateway = await TestGateway.StartAsync(a, b);

        using var response = await gateway.Post("""{"bundle":"x"}""", "/v1/admin/models");

        Assert.Equal((HttpStatusCode.Conflict, "one_replica_route"), (response.StatusCode, await TestGateway.ErrorCode(response)));
    }
}
