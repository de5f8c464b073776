using CtfService.Jobs.Databases;

namespace CtfService.Jobs.State;

/// <summary>Deletes responses that have expired, and makes room.</summary>
internal sealed partial class SqlResponseStore
{
    /// <summary>Responses that are looked at together.</summary>
    private const int Page = 100;

    public Task SweepAsync(long maxBytes, CancellationToken cancellation) => !database.Exists ? Task.CompletedTask : database.RunAsync(
        async session =>
        {
            // One process at a time: two of them would delete twice as much.
            if (await session.FirstAsync<long?>($"select version from versions where name = 'responses'{session.SkipLocked}").ConfigureAwait(false) is null)
            {
                return 0;
            }

            return await DeleteExpiredAsync(session).ConfigureAwait(false) + await MakeRoomAsync(session, maxBytes).ConfigureAwait(false);
        },
        WriteTime,
        cancellation);

    private static Task<int> DeleteExpiredAsync(Session session) =>
        session.ExecuteAsync("delete from responses where expires <= @Now", new { session.Now });

    /// <summary>Deletes the oldest responses of the caller with the most bytes, in the group with the most bytes, until the rest fits.</summary>
    private static async Task<int> MakeRoomAsync(Session session, long maxBytes)
    {
        var shares = await session.ListAsync<Share>(
            """
            select caller as Caller, caller_group as CallerGroup, cast(sum(bytes) as bigint) as Bytes from responses where status is not null
            group by caller, caller_group
            """).ConfigureAwait(false);
        var deleted = 0;
        while (shares.Sum(share => share.Bytes) is var total && total > maxBytes)
        {
            var groups = shares.GroupBy(share => share.CallerGroup).OrderByDescending(group => group.Sum(share => share.Bytes)).Take(2).ToList();
            var callers = groups[0].OrderByDescending(share => share.Bytes).Take(2).ToList();
            var largest = callers[0];

            // Until enough is deleted, or until it is the turn of the second group or caller.
            var most = Math.Min(
                total - maxBytes,
                Math.Min(
                    groups.Count > 1 ? groups[0].Sum(share => share.Bytes) - groups[1].Sum(share => share.Bytes) : long.MaxValue,
                    callers.Count > 1 ? callers[0].Bytes - callers[1].Bytes : long.MaxValue));
            var oldest = await session.ListAsync<(string Key, long Bytes)>(
                "select request_key, bytes from responses where caller = @Caller and status is not null order by expires limit @Page",
                new { largest.Caller, Page }).ConfigureAwait(false);
            var freed = 0L;
            var keys = new List<string>();
            foreach (var (key, bytes) in oldest)
            {
                keys.Add(key);
                freed += bytes;
                if (freed >= most)
                {
                    break;
                }
            }

            deleted += await session.ExecuteAsync(
                $"delete from responses where caller = @Caller and request_key {session.In("@keys")}", new { largest.Caller, keys }).ConfigureAwait(false);
            largest.Bytes -= freed;
        }

        return deleted;
    }

    private sealed class Share
    {
        public required string Caller { get; init; }

        public required string CallerGroup { get; init; }

        public required long Bytes { get; set; }
    }
}
