using CtfService.Jobs.Databases;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.State;

/// <summary>Keeps API keys in the tables.</summary>
internal sealed class SqlKeyStore(IDatabase database) : IKeyStore
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(3);

    private static readonly StoredKeys None = new(Version: 0, []);

    public bool IsShared => database.IsShared;

    public async Task<StoredKeys?> ListAsync(long? known, CancellationToken cancellation) => !database.Exists ? None : await database.RunAsync(
        async session =>
        {
            var version = await session.FirstAsync<long>("select version from versions where name = 'api_keys'").ConfigureAwait(false);
            return version == known ? null : new StoredKeys(version, await ListAsync(session).ConfigureAwait(false));
        },
        TimeLimit,
        cancellation).ConfigureAwait(false);

    public Task<StoredKey?> CreateAsync(KeySettings settings, DateTimeOffset? expiresAt, NewSecret secret, CancellationToken cancellation)
    {
        var id = JobIds.New("key_");
        return ChangeAsync(
            async session =>
            {
                if (await session.FirstAsync<long>("select count(*) from api_keys").ConfigureAwait(false) >= IKeyStore.MostKeys)
                {
                    throw new TooManyKeysException();
                }

                var added = await session.ExecuteAsync(
                    """
                    insert into api_keys (id, name, weight, admin, requests_per_minute, images_per_minute, images_per_day, high_priority, created, expires)
                    values (@id, @Name, @Weight, @admin, @RequestsPerMinute, @ImagesPerMinute, @ImagesPerDay, @highPriority, @Now, @expires)
                    on conflict do nothing
                    """,
                    new
                    {
                        id,
                        settings.Name,
                        settings.Weight,
                        admin = settings.Admin ? 1 : 0,
                        settings.RequestsPerMinute,
                        settings.ImagesPerMinute,
                        settings.ImagesPerDay,
                        highPriority = settings.MayRequestHighPriority ? 1 : 0,
                        session.Now,
                        expires = expiresAt?.ToUnixTimeMilliseconds(),
                    }).ConfigureAwait(false);
                if (added == 0)
                {
                    return null;
                }

                await AddAsync(session, id, secret).ConfigureAwait(false);
                return await FindAsync(session, id).ConfigureAwait(false);
            },
            cancellation);
    }

    public Task<StoredKey?> RotateAsync(string id, NewSecret secret, TimeSpan grace, CancellationToken cancellation) => !CanHave(id) ? Nothing<StoredKey>()
        : ChangeAsync(
            async session =>
            {
                if (await FindAsync(session, id).ConfigureAwait(false) is not { } key || key.ExpiresAt <= Timestamp.Of(session.Now))
                {
                    return null;
                }

                var until = session.Now + Timestamp.Milliseconds(grace);
                await session.ExecuteAsync(
                    "update api_key_secrets set expires = @until where api_key = @id and (expires is null or expires > @until)", new { id, until })
                    .ConfigureAwait(false);
                await session.ExecuteAsync("delete from api_key_secrets where api_key = @id and expires <= @Now", new { id, session.Now })
                    .ConfigureAwait(false);
                await AddAsync(session, id, secret).ConfigureAwait(false);
                return await FindAsync(session, id).ConfigureAwait(false);
            },
            cancellation);

    public Task<string?> RevokeAsync(string id, CancellationToken cancellation) => !CanHave(id) ? Nothing<string>() : ChangeAsync(
        async session =>
        {
            var name = await session.FirstAsync<string>("select name from api_keys where id = @id", new { id }).ConfigureAwait(false);
            await session.ExecuteAsync("delete from api_key_secrets where api_key = @id", new { id }).ConfigureAwait(false);
            await session.ExecuteAsync("delete from api_keys where id = @id", new { id }).ConfigureAwait(false);
            return name;
        },
        cancellation);

    private bool CanHave(string id) => database.Exists && JobIds.IsPossible(id);

    private static Task<T?> Nothing<T>()
        where T : class => Task.FromResult<T?>(null);

    /// <summary>Changes keys, one transaction after the other, because each begins with the row of the version.</summary>
    private Task<T> ChangeAsync<T>(Func<Session, Task<T>> change, CancellationToken cancellation) => database.RunAsync(
        async session =>
        {
            await session.ExecuteAsync("update versions set version = version + 1 where name = 'api_keys'").ConfigureAwait(false);
            return await change(session).ConfigureAwait(false);
        },
        TimeLimit,
        cancellation);

    private static Task<int> AddAsync(Session session, string key, NewSecret secret) => session.ExecuteAsync(
        "insert into api_key_secrets (sha256, api_key, prefix, created) values (@Sha256, @key, @Prefix, @Now)",
        new { secret.Sha256, key, secret.Prefix, session.Now });

    private static async Task<StoredKey?> FindAsync(Session session, string id)
    {
        var key = await session.FirstAsync<KeyRow>($"{KeyRow.Select} where id = @id", new { id }).ConfigureAwait(false);
        return key?.ToKey(await session.ListAsync<SecretRow>($"{SecretRow.Select} where api_key = @id {SecretRow.Order}", new { id }).ConfigureAwait(false));
    }

    private static async Task<IReadOnlyList<StoredKey>> ListAsync(Session session)
    {
        var keys = await session.ListAsync<KeyRow>($"{KeyRow.Select} order by created, id").ConfigureAwait(false);
        var secrets = (await session.ListAsync<SecretRow>($"{SecretRow.Select} {SecretRow.Order}").ConfigureAwait(false)).ToLookup(secret => secret.ApiKey);
        return [.. keys.Select(key => key.ToKey(secrets[key.Id]))];
    }
}
