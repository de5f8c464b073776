using System.Diagnostics;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests;

/// <summary>Clients hang up on a real socket: their work ends at once and leaves nothing behind.</summary>
[Collection(WatchedService.Name)]
public sealed class HangUpTests(WatchedService service, ITestOutputHelper output)
{
    private const string Route = "/v1/images/generations";
    private const string EightImages = """{"class_label": "banana", "n": 8}""";

    [Fact]
    public async Task HangUp_RunningRequest_FreesItsRowsWithinThreeSteps()
    {
        var (heard, sent) = (new List<long>(), new List<long>());
        for (var request = 0; request < 15; request++)
        {
            var (sinceHeard, sinceSent) = await HangUp(afterSteps: 5 + request);
            heard.Add(sinceHeard);
            sent.Add(sinceSent);
        }

        output.WriteLine($"Steps to free rows, from when the service heard of it: {string.Join(", ", heard)}.");
        output.WriteLine($"Steps to free rows, from when the client hung up: {string.Join(", ", sent)}.");
        Assert.All(heard, steps => Assert.InRange(steps, 0, 3)); // earlier delays belong to the socket and the operating system
        Assert.Equal((0, 16), (service.Generator.Now.Images, service.Generator.Now.FreeRows));
    }

    [Fact]
    public async Task HangUp_FiveHundredRequests_DoNotChangeSpeedMemoryOrTensors()
    {
        var random = new Random(5);
        await ImagesPerSecond();
        for (var request = 0; request < 20; request++)
        {
            await HangUp(random.Next(6));
        }

        var (speedBefore, memoryBefore, tensorsBefore) = (await ImagesPerSecond(), Memory(), service.Generator.Now.LiveTensors);
        for (var request = 0; request < 500; request++)
        {
            await HangUp(random.Next(6));
        }

        var (speedAfter, memoryAfter, tensorsAfter) = (await ImagesPerSecond(), Memory(), service.Generator.Now.LiveTensors);
        for (var again = 0; again < 4 && speedAfter <= 0.6 * speedBefore; again++) // other programs may slow down a few seconds, a leak all of them
        {
            await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System);
            speedAfter = Math.Max(speedAfter, await ImagesPerSecond());
        }

        output.WriteLine($"Images/s: {speedBefore:0.0} before, {speedAfter:0.0} after.");
        output.WriteLine($"Memory: {memoryBefore >> 20} MiB, {memoryAfter >> 20} MiB. Tensors: {tensorsBefore}, {tensorsAfter}.");
        Assert.Equal(tensorsBefore, tensorsAfter);
        Assert.True(memoryAfter - memoryBefore < 32 << 20, $"Memory grew from {memoryBefore >> 20} to {memoryAfter >> 20} MiB.");
        Assert.True(speedAfter > 0.6 * speedBefore, $"Speed fell from {speedBefore:0.0} to {speedAfter:0.0} images/s.");
    }

    /// <summary>Sends a request, hangs up after some steps, and counts the steps that ran until its rows were free.</summary>
    private async Task<(long SinceHeard, long SinceSent)> HangUp(int afterSteps)
    {
        using var caller = new CancellationTokenSource();
        var start = service.Generator.Now.Steps;
        var answered = service.Post(Route, WatchedService.Json(EightImages), caller.Token);
        await service.Generator.When(now => now.Images == 8 && now.Steps >= start + afterSteps);

        var left = service.Generator.Now.Steps;
        await caller.CancelAsync();
        var free = await service.Generator.When(now => now.Images == 0);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answered);
        return (free.Steps - await service.HangUps.ReadAsync(), free.Steps - left);
    }

    /// <summary>The best of five runs: other programs on the machine can only slow it down.</summary>
    private async Task<double> ImagesPerSecond()
    {
        var best = 0.0;
        for (var run = 0; run < 5; run++)
        {
            var started = Stopwatch.GetTimestamp();
            await service.Images(Route, EightImages);
            best = Math.Max(best, 8 / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        return best;
    }

    private static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }
}
