using CtfService.Jobs.Databases;

namespace CtfService.Jobs.State;

/// <summary>A row of the table of responses, without the response.</summary>
/// <param name="Expires">When the row stops counting: the end of the lease, or of the lifetime of the response.</param>
/// <param name="Status">Null while the request is being answered.</param>
internal sealed record ResponseRow(string Fingerprint, string Owner, long Expires, long? Status)
{
    /// <summary>Returns the row of a key; null if there is none.</summary>
    public static Task<ResponseRow?> FindAsync(Session session, RepeatableRequest request) => session.FirstAsync<ResponseRow>(
        "select fingerprint, owner, expires, status from responses where caller = @Caller and request_key = @Key", new { request.Caller, request.Key });

    /// <summary>
    /// A lease that ends much later than one that begins now is none: the clock has been set back, and no request would wait for it. A little later
    /// is usual, because another transaction may have begun later and ended earlier.
    /// </summary>
    /// <param name="lease">Milliseconds.</param>
    public bool IsValid(long now, long lease) => Expires > now && (Status is not null || Expires <= now + (2 * lease));

    /// <summary>Returns what the row says about a request.</summary>
    public async Task<ResponseClaim> DescribeAsync(Session session, RepeatableRequest request)
    {
        if (Fingerprint != request.Fingerprint)
        {
            return new ResponseClaim.OtherRequest();
        }

        if (Status is null)
        {
            return new ResponseClaim.Running();
        }

        var found = (await session.FirstAsync<ContentRow>(
            "select status, headers, body from responses where caller = @Caller and request_key = @Key", new { request.Caller, request.Key })
            .ConfigureAwait(false))!;
        return new ResponseClaim.Answered(new ResponseContent((int)found.Status, found.Headers, found.Body));
    }

    private sealed record ContentRow(long Status, string Headers, byte[] Body);
}
