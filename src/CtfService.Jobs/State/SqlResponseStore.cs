using CtfService.Jobs.Databases;
using CtfService.Jobs.Store;

namespace CtfService.Jobs.State;

/// <summary>Keeps responses in a table. A row is a claim until it has a response.</summary>
internal sealed partial class SqlResponseStore(IDatabase database) : IResponseStore
{
    /// <summary>Limit for a claim: the request has not begun, and can be refused.</summary>
    private static readonly TimeSpan ClaimTime = TimeSpan.FromSeconds(3);

    /// <summary>Limit for a response, which has megabytes and would be lost.</summary>
    private static readonly TimeSpan WriteTime = TimeSpan.FromSeconds(10);

    private bool _hasTakenOver;

    public Task<ResponseClaim> ClaimAsync(RepeatableRequest request, string owner, TimeSpan lease, CancellationToken cancellation) => database.RunAsync(
        async session =>
        {
            await TakeOverAsync(session).ConfigureAwait(false);
            var row = await ResponseRow.FindAsync(session, request).ConfigureAwait(false);
            if (row is not null && row.Owner != owner && row.IsValid(session.Now, Timestamp.Milliseconds(lease)))
            {
                return await row.DescribeAsync(session, request).ConfigureAwait(false);
            }

            // Only if nothing has changed meanwhile, because several may find a row that has expired, or none.
            var claimed = await session.ExecuteAsync(
                """
                insert into responses (caller, request_key, caller_group, fingerprint, owner, expires)
                values (@Caller, @Key, @Group, @Fingerprint, @owner, @expires)
                on conflict (caller, request_key) do update set fingerprint = excluded.fingerprint, owner = excluded.owner, expires = excluded.expires,
                    status = null, headers = null, bytes = 0, body = null
                where responses.owner = @seenOwner and responses.expires = @seenExpires
                """,
                new
                {
                    request.Caller,
                    request.Key,
                    request.Group,
                    request.Fingerprint,
                    owner,
                    expires = session.Now + Timestamp.Milliseconds(lease),
                    seenOwner = row?.Owner ?? "",
                    seenExpires = row?.Expires ?? 0,
                }).ConfigureAwait(false);
            return claimed > 0 ? new ResponseClaim.Owned() : (ResponseClaim)new ResponseClaim.Running();
        },
        ClaimTime,
        cancellation);

    public Task RenewAsync(IReadOnlyCollection<string> owners, TimeSpan lease, CancellationToken cancellation) => database.RunAsync(
        session => session.ExecuteAsync(
            $"update responses set expires = @expires where owner {session.In("@owners")} and status is null",
            new { owners = owners.ToList(), expires = session.Now + Timestamp.Milliseconds(lease) }),
        ClaimTime,
        cancellation);

    public Task<ResponseClaim> CompleteAsync(
        RepeatableRequest request, string owner, ResponseContent response, long bytes, TimeSpan lifetime, CancellationToken cancellation) => database.RunAsync(
        async session =>
        {
            while (!await StoreAsync(session, request, owner, response, bytes, lifetime).ConfigureAwait(false))
            {
                // Null if another transaction has deleted the row in between.
                if (await ResponseRow.FindAsync(session, request).ConfigureAwait(false) is { } row)
                {
                    return await row.DescribeAsync(session, request).ConfigureAwait(false);
                }
            }

            return new ResponseClaim.Owned();
        },
        WriteTime,
        cancellation);

    public Task ReleaseAsync(RepeatableRequest request, string owner, CancellationToken cancellation) => database.RunAsync(
        session => session.ExecuteAsync(
            "delete from responses where caller = @Caller and request_key = @Key and owner = @owner and status is null",
            new { request.Caller, request.Key, owner }),
        ClaimTime,
        cancellation);

    /// <summary>Returns false, and changes nothing, if the request has been answered, or if another request has the key.</summary>
    private static async Task<bool> StoreAsync(
        Session session, RepeatableRequest request, string owner, ResponseContent response, long bytes, TimeSpan lifetime) => await session.ExecuteAsync(
        """
        insert into responses (caller, request_key, caller_group, fingerprint, owner, expires, status, headers, bytes, body)
        values (@Caller, @Key, @Group, @Fingerprint, @owner, @expires, @Status, @Headers, @bytes, @Body)
        on conflict (caller, request_key) do update set fingerprint = excluded.fingerprint, owner = excluded.owner, expires = excluded.expires,
            status = excluded.status, headers = excluded.headers, bytes = excluded.bytes, body = excluded.body
        where responses.owner = @owner or responses.expires <= @Now or (responses.status is null and responses.fingerprint = @Fingerprint)
        """,
        new
        {
            request.Caller,
            request.Key,
            request.Group,
            request.Fingerprint,
            owner,
            expires = session.Now + Timestamp.Milliseconds(lifetime),
            response.Status,
            response.Headers,
            bytes,
            response.Body,
            session.Now,
        }).ConfigureAwait(false) > 0;

    /// <summary>Without other processes, the first call ends all claims: they belonged to an earlier start of this process.</summary>
    private async Task TakeOverAsync(Session session)
    {
        if (!database.IsShared && !_hasTakenOver)
        {
            _hasTakenOver = true; // before the transaction ends: the next one may hold a claim of this process
            await session.ExecuteAsync("delete from responses where status is null").ConfigureAwait(false);
        }
    }
}
