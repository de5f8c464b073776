using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Security;

/// <summary>API keys of a service under test, and requests with them.</summary>
internal static class TestKeys
{
    public const string Studio = "ctf_studio-key-of-the-tests";
    public const string Operator = "ctf_operator-key-of-the-tests";

    public static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>Creates a service with both keys, of which the operator's is an admin key. The given settings take precedence.</summary>
    public static TestApi Api(params (string Key, string Value)[] settings) => Api(_ => { }, settings);

    /// <param name="replace">Replaces services of the program.</param>
    public static TestApi Api(Action<IServiceCollection> replace, params (string Key, string Value)[] settings)
    {
        var api = new TestApi
        {
            Replace = replace,
            Settings =
            {
                ["Security:ApiKeys:0:Name"] = "studio",
                ["Security:ApiKeys:0:Sha256"] = Hash(Studio),
                ["Security:ApiKeys:1:Name"] = "operator",
                ["Security:ApiKeys:1:Sha256"] = Hash(Operator).ToUpperInvariant(),
                ["Security:ApiKeys:1:Admin"] = "true",
            },
        };
        foreach (var (key, value) in settings)
        {
            api.Settings[key] = value;
        }

        return api;
    }

    /// <param name="header">Name and value of a header; null for no header.</param>
    public static Task<HttpResponseMessage> Get(this TestApi api, string path, (string Name, string Value)? header = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (header is var (name, value))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return api.Client.SendAsync(request);
    }

    public static (string Name, string Value) Bearer(string key) => ("Authorization", $"Bearer {key}");
}
