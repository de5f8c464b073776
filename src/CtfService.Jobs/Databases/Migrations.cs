using System.Globalization;
using System.Reflection;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Databases;

/// <summary>Creates and upgrades the tables: runs the numbered scripts that a database has not seen. A script that was released never changes.</summary>
internal static class Migrations
{
    private static readonly Assembly Scripts = typeof(Migrations).Assembly;

    private static readonly IReadOnlyList<string> Names =
        [.. Scripts.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>Brings the tables up to date. The caller sees to it that no other process does so at the same time.</summary>
    /// <param name="identity">Type of a column that numbers the rows, which is the only difference between the databases.</param>
    /// <exception cref="JobStoreUnavailableException">A newer version of the program has upgraded the database.</exception>
    public static async Task ApplyAsync(Session session, string identity)
    {
        await session.ExecuteAsync("create table if not exists schema_version (version bigint not null)").ConfigureAwait(false);
        var applied = await session.FirstAsync<long>("select coalesce(max(version), 0) from schema_version").ConfigureAwait(false);
        if (applied > Names.Count)
        {
            throw new JobStoreUnavailableException(
                $"The tables of the jobs have version {applied}; this program knows versions up to {Names.Count}. Run the newer program, or restore a backup.")
            {
                MayPass = false,
            };
        }

        foreach (var name in Names.Skip((int)applied))
        {
            using var reader = new StreamReader(Scripts.GetManifestResourceStream(name)!);
            var script = await reader.ReadToEndAsync().ConfigureAwait(false);
            await session.ExecuteAsync(script.Replace("{identity}", identity, StringComparison.Ordinal)).ConfigureAwait(false);
            var version = long.Parse(Path.GetFileNameWithoutExtension(name), CultureInfo.InvariantCulture);
            await session.ExecuteAsync("insert into schema_version (version) values (@version)", new { version }).ConfigureAwait(false);
        }
    }
}
