using System.Security.Cryptography;
using System.Text;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>The service as configured for existing clients: with API keys, and under the model name that those clients request.</summary>
public sealed class GuardedService : WatchedService
{
    public const string Key = "ctf_key-of-the-end-to-end-tests";

    /// <summary>Key that is limited to one request a minute.</summary>
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

/// <summary>The service that all clients share; they run one after another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class GuardedServiceCollection : ICollectionFixture<GuardedService>
{
    public const string Name = "clients";
}
