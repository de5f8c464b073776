using CtfService.Jobs.Databases;

namespace CtfService.Jobs.Store;

/// <summary>
/// Chooses whose turn it is. Tenants are served by virtual time (start-time fair queueing, Goyal, Vin and Cheng 1996): the images that each has received,
/// divided by its weight; the one that has received least is next. Within a tenant the jobs take turns. What runs at the moment does not matter, because with
/// one worker nothing runs when it chooses.
/// </summary>
internal static class FairTurns
{
    /// <summary>
    /// The next job. The finish of a job comes first: its images have been paid for. Among equals a job that has not been served yet is first, so that a small
    /// job waits for one shard of a large one at most.
    /// </summary>
    private const string Choice =
        """
        select j.id from jobs j join tenants t on t.name = j.tenant
        where j.ended is null and @kinds like '%,' || j.kind || ',%'
            and exists (select 1 from shards s where s.job = j.id and s.state = 'ready' and s.not_before <= @Now)
        order by case when j.finalizing is null then 1 else 0 end, t.virtual_time, j.turn, j.number desc
        limit 1
        """;

    /// <summary>
    /// Lets a tenant in who may have been idle: it starts level with the one that has received least of those with jobs, because time without jobs is not
    /// saved up.
    /// </summary>
    public static async Task EnterAsync(Session session, string tenant)
    {
        var level = await session.FirstAsync<double>(
            """
            select coalesce(
                (select min(virtual_time) from tenants t where exists (select 1 from jobs j where j.tenant = t.name and j.ended is null)),
                (select max(virtual_time) from tenants),
                0)
            """).ConfigureAwait(false);
        await session.ExecuteAsync(
            "insert into tenants (name, virtual_time) values (@tenant, @level) on conflict (name) do nothing", new { tenant, level }).ConfigureAwait(false);
        await session.ExecuteAsync(
            "update tenants set virtual_time = @level where name = @tenant and virtual_time < @level", new { tenant, level }).ConfigureAwait(false);
    }

    /// <summary>Keeps others from creating jobs of a tenant, which has entered, until the end of the transaction.</summary>
    public static Task LockAsync(Session session, string tenant) =>
        session.FirstAsync<string>($"select name from tenants where name = @tenant{session.ForUpdate}", new { tenant });

    /// <summary>Returns the id of the job that is served next, without locking it; null if no work is ready.</summary>
    /// <param name="kinds">Kinds that the worker handles, each between commas.</param>
    public static Task<string?> NextAsync(Session session, string kinds) => session.FirstAsync<string>(Choice, new { kinds, session.Now });

    /// <summary>Records that a shard of a job has been served.</summary>
    public static async Task ServeAsync(Session session, JobRow job, long items)
    {
        await session.ExecuteAsync(
            "update jobs set turn = 1 + (select coalesce(max(turn), 0) from jobs where tenant = @Tenant and ended is null) where id = @Id",
            new { job.Id, job.Tenant }).ConfigureAwait(false);
        var cost = (double)items * job.Images / job.Total / job.Weight;
        await session.ExecuteAsync(
            "update tenants set virtual_time = virtual_time + @cost where name = @Tenant", new { cost, job.Tenant }).ConfigureAwait(false);
    }
}
