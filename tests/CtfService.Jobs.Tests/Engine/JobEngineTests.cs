using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Engine;

public sealed class JobEngineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_AJobOfThreeShards_Completes()
    {
        await using var bench = new JobsBench(new SqliteDatabase(_folder.Root, _clock), _clock, new JobsOptions());
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10,10,5"));

        Assert.Equal((JobState.Completed, 25, 25, 0, "3 of 3"), (job.State, job.Total, job.Done, job.Failed, job.Result));
    }
}
