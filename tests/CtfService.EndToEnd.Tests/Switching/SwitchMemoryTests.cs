using CtfService.TestSupport;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Switching;

/// <summary>Runs the service in a separate process, because memory freed by other tests would hide a leak.</summary>
[Collection(SwitchedService.Name)]
public sealed class SwitchMemoryTests(ITestOutputHelper output)
{
    private const int Port = 5291;

    [Fact]
    public async Task Switch_ManyTimes_LeavesMemoryAsItWas()
    {
        using var bundles = new TwoBundles();
        using var service = await ServiceProcess.StartAsync(
            Port,
            [$"--Model:Bundle={bundles.Folder(TwoBundles.Shipped)}", .. OperatorKey.Settings.Select(setting => $"--{setting.Key}={setting.Value}")]);
        var memory = new List<long>();
        for (var i = 0; i < 36; i++)
        {
            await OperatorKey.SwitchTo(service.Client, i % 2 == 0 ? TwoBundles.Reversed : TwoBundles.Shipped);
            using var response = await service.Client.PostAsync(
                new Uri("/v1/images/generations", UriKind.Relative), WatchedService.Json("""{"class_label": "banana", "n": 8}"""));
            Assert.True(response.IsSuccessStatusCode);
            memory.Add(service.WorkingSet >> 20);
        }

        output.WriteLine($"Memory after each switch: {string.Join(", ", memory)} MiB.");
        // A model takes about 60 MiB, so ten that are not freed take 600. The heap settles during the first switches. After that it moves by up to 50 MiB,
        // also over 160 switches, because fragmentation varies; so the minimum counts.
        Assert.True(memory[26..].Min() - memory[16..26].Min() < 96, "Memory grows from switch to switch.");
    }
}
