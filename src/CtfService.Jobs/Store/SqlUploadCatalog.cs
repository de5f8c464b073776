using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>The table of files.</summary>
internal sealed class SqlUploadCatalog(IDatabase database, JobSignals signals) : IUploadCatalog
{
    private const string Unexpired = "(expires is null or expires > @Now)";

    public async Task AddAsync(UploadedFile file, CancellationToken cancellation)
    {
        await database.RunAsync(
            session => session.ExecuteAsync(
                """
                insert into files (id, tenant, file_name, bytes, purpose, stored_name, created, expires)
                values (@Id, @Tenant, @FileName, @Bytes, @Purpose, @StoredName, @created, @expires)
                on conflict (id) do nothing
                """,
                new
                {
                    file.Id,
                    file.Tenant,
                    file.FileName,
                    file.Bytes,
                    file.Purpose,
                    file.StoredName,
                    created = file.CreatedAt.ToUnixTimeMilliseconds(),
                    expires = file.ExpiresAt?.ToUnixTimeMilliseconds(),
                }),
            cancellation).ConfigureAwait(false);
        signals.Changed(file.Id); // if it is the first row of the database, retention begins
    }

    public async Task<UploadedFile?> FindAsync(string tenant, string id, CancellationToken cancellation)
    {
        if (!database.Exists || !JobIds.IsPossible(id))
        {
            return null;
        }

        var row = await database.RunAsync(
            session => session.FirstAsync<FileRow>($"{FileRow.Select} where tenant = @tenant and id = @id and {Unexpired}", new { tenant, id, session.Now }),
            cancellation).ConfigureAwait(false);
        return row?.ToFile();
    }

    public async Task<(IReadOnlyList<UploadedFile> Files, bool HasMore)> ListAsync(
        string tenant, string? purpose, string? after, int limit, bool newestFirst, CancellationToken cancellation)
    {
        if (!database.Exists || (after is not null && !JobIds.IsPossible(after)))
        {
            return ([], false);
        }

        var rows = await database.RunAsync(
            session => session.ListAsync<FileRow>(
                $"""
                {FileRow.Select} where tenant = @tenant and {Unexpired} {(purpose is null ? "" : "and purpose = @purpose")}
                    {(after is null ? "" : $"and number {(newestFirst ? '<' : '>')} (select number from files where tenant = @tenant and id = @after)")}
                order by number {(newestFirst ? "desc" : "")} limit @rows
                """,
                new { tenant, session.Now, purpose, after, rows = limit + 1 }),
            cancellation).ConfigureAwait(false);
        return ([.. rows.Take(limit).Select(row => row.ToFile())], rows.Count > limit);
    }

    public async Task<bool> DeleteAsync(string tenant, string id, CancellationToken cancellation) =>
        database.Exists && JobIds.IsPossible(id)
        && await database.RunAsync(
            session => session.ExecuteAsync("delete from files where tenant = @tenant and id = @id", new { tenant, id }), cancellation)
            .ConfigureAwait(false) > 0;

    public async Task<long> BytesAsync(string tenant, CancellationToken cancellation) => !database.Exists ? 0 : await database.RunAsync(
        session => session.FirstAsync<long>(
            $"select cast(coalesce(sum(bytes), 0) as bigint) from files where tenant = @tenant and {Unexpired}", new { tenant, session.Now }),
        cancellation).ConfigureAwait(false);
}
