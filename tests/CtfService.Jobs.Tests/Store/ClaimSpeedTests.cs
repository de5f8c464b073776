using System.Diagnostics;
using CtfService.Jobs.Tests.Databases;
using Xunit.Abstractions;

namespace CtfService.Jobs.Tests.Store;

/// <summary>A claim stays fast with many jobs: the choice reads indexes, not tables.</summary>
[Collection(TestDatabases.Collection)]
public sealed class ClaimSpeedTests(TestDatabases databases, ITestOutputHelper output)
{
    private const int Claims = 200;

    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Claim_WithFiftyLargeJobsAndAThousandEndedOnes_TakesMilliseconds(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreateAsync("1");
        await bench.Database.RunAsync(
            session => session.ExecuteAsync(
                """
                with recursive counter(n) as (select 0 union all select n + 1 from counter where n < 1049)
                insert into jobs (id, kind, tenant, weight, specification, state, total, images, open_shards, created, started, ended, expires)
                select 'bulk' || n, 'test', 'tenant' || (n % 10), 1, '', case when n < 50 then 'in_progress' else 'completed' end, 100096, 100096, 782,
                    0, 1, case when n < 50 then null else 2 end, 9999999999999
                from counter;
                insert into tenants (name, virtual_time) select distinct tenant, 0 from jobs where tenant like 'tenant%';
                with recursive counter(n) as (select 0 union all select n + 1 from counter where n < 781)
                insert into shards (job, number, first_item, items, state)
                select id, n, n * 128, 128, case when ended is null then 'ready' else 'done' end from jobs, counter where id like 'bulk%' and number <= 301;
                """),
            CancellationToken.None);
        await bench.ClaimAsync("warm-up");

        var started = Stopwatch.GetTimestamp();
        for (var claim = 0; claim < Claims; claim++)
        {
            Assert.NotNull(await bench.ClaimAsync("worker"));
        }

        var each = Stopwatch.GetElapsedTime(started) / Claims;
        output.WriteLine($"{database}: {each.TotalMilliseconds:0.00} ms for each claim");
        Assert.InRange(each.TotalMilliseconds, 0, 50); // 1 to 4 ms on two cores; reading the tables takes a hundred times as long
    }
}
