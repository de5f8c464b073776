using System.Security.Cryptography;
using System.Text;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>The service as a team runs it for clients that already exist: with keys, and under the name that those clients ask for.</summary>
public sealed class GuardedService : WatchedService
{
    public const string Key = "ctf_key-of-the-end-to-end-tests";

    /// <summary>May ask once a minute.</summary>
    public const string VisitorKey = "ctf_visitor-key-of-the-end-to-end-tests";

    public const string Alias = "gpt-image-1";

    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Model:Aliases:0"] = Alias,
        ["Security:ApiKeys:0:Name"] = "studio",
        ["Security:ApiKeys:0:Sha256"] = Hash(Key),
        ["Security:ApiKeys:1:Name"] = "visitor",
        ["Security:ApiKeys:1:Sha256"] = Hash(VisitorKey),
        ["Security:ApiKeys:1:RequestsPerMinute"] = "1",
    };

    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}

/// <summary>One service for all clients, which come one after another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GuardedServiceCollection : ICollectionFixture<GuardedService>
{
    public const string Name = "clients";
}
