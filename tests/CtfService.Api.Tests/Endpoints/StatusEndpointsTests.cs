using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Security;
using CtfService.Core.Models;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>GET /v1/status.</summary>
public sealed class StatusEndpointsTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = new() { Settings = { ["Inference:MaxQueuedImages"] = "20", ["Limits:MaxTemperature"] = "3" } };

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    [Fact]
    public async Task Get_IdleService_DescribesModelDevicesQueueAndLimits()
    {
        var status = await Status();

        var expected = JsonNode.Parse("""
            {"object": "status", "status": "ready", "model": "fruits-fake", "reason": null,
             "devices": [{"name": "auto", "status": "ready", "reason": null}],
             "queue": {"images_waiting": 0, "images_running": 0, "capacity": 20, "wait_seconds": 0},
             "limits": {"n": 16, "guidance_scale": 20, "temperature": 3, "upload_bytes": 10485760, "upload_pixels": 16777216} }
            """);
        Assert.True(JsonNode.DeepEquals(expected, status), status.ToJsonString());
    }

    [Fact]
    public async Task Get_ImagesRunAndWait_CountsThemAndExpectsAWait()
    {
        using var gate = _api.Generator.HoldNextStep();
        var running = _api.Generate("""{"class_label": 0, "n": 8}"""); // with guidance, as many as fit
        await gate.Entered;
        var waiting = _api.Generate("""{"class_label": 1, "n": 3}""");
        await _api.WhenWaiting(3);

        var queue = (await Status())["queue"]!;

        Assert.Equal((3, 8), ((int)queue["images_waiting"]!, (int)queue["images_running"]!));
        Assert.InRange((double)queue["wait_seconds"]!, double.Epsilon, 60);
        gate.Open();
        await running;
        await waiting;
        Assert.Equal(0, (int)(await Status())["queue"]!["images_waiting"]!);
    }

    [Fact]
    public async Task Get_ModelCannotBeLoaded_AnswersWithTheReason()
    {
        await using var broken = new TestApi();
        broken.Factory.FailNextLoad(new CheckpointException("coarse.safetensors is damaged."));
        await broken.InitializeAsync();

        var status = (await broken.Client.GetFromJsonAsync<JsonObject>("/v1/status"))!;

        Assert.Equal(("failed", null), ((string?)status["status"], (string?)status["model"]));
        Assert.Contains("could not be loaded", (string?)status["reason"], StringComparison.Ordinal);
        Assert.DoesNotContain("safetensors", status.ToJsonString(), StringComparison.Ordinal); // that is for operators
    }

    [Fact]
    public async Task Get_KeysConfigured_NeedsOne()
    {
        await using var guarded = TestKeys.Api();
        await guarded.InitializeAsync();

        using var without = await guarded.Get("/v1/status");
        using var with = await guarded.Get("/v1/status", ("Authorization", $"Bearer {TestKeys.Studio}"));

        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        Assert.Equal(HttpStatusCode.OK, with.StatusCode);
    }

    private async Task<JsonObject> Status() => (await _api.Client.GetFromJsonAsync<JsonObject>("/v1/status"))!;
}
