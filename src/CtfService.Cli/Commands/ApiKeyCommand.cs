using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CtfService.Cli.Shell;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf api-key</c>: creates a key for a client of the service. The key is shown once; the settings of the service hold its hash.</summary>
internal static partial class ApiKeyCommand
{
    /// <summary>Random bytes of a key: too many to guess, so that a plain hash is safe to store.</summary>
    private const int KeyBytes = 32;

    /// <summary>Length of the longest name that the service accepts.</summary>
    private const int MaxNameLength = 64;

    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("name")
        {
            Description = $"Name of the client, for logs and rate limits: up to {MaxNameLength} letters, digits, dots, hyphens or underscores.",
        };
        var command = new Command(
            "api-key", "Creates an API key for the service; prints the key, which cannot be recovered later, and the settings that accept it.")
        {
            name,
        };
        command.SetAction((arguments, _) =>
        {
            Write(terminal, arguments.GetRequiredValue(name));
        });
        return command;
    }

    private static void Write(Terminal terminal, string requested)
    {
        var name = Normalize(requested);
        if (name != requested)
        {
            terminal.Error.WriteLine(
                $"Names have up to {MaxNameLength} letters, digits, dots, hyphens and underscores; the key is named {name}.");
        }

        var key = $"ctf_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes))}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        terminal.Output.WriteLine($"key     {key}");
        terminal.Output.WriteLine($"sha256  {hash}");
        terminal.Error.WriteLine("Give the key to the client, which sends it as 'Authorization: Bearer KEY'. Add the hash to the settings of the service:");
        terminal.Error.WriteLine(
            $$"""  appsettings.json  "Security": { "ApiKeys": [ { "Name": {{JsonSerializer.Serialize(name)}}, "Sha256": "{{hash}}" } ] }""");
        terminal.Error.WriteLine($"  environment       Security__ApiKeys__0__Name={name} Security__ApiKeys__0__Sha256={hash}");
    }

    /// <summary>Returns the name in the form that the service accepts, which also needs no quotes in a shell.</summary>
    private static string Normalize(string requested)
    {
        var name = OtherCharacters().Replace(requested, "-").Trim('-');
        return name.Length switch
        {
            0 => throw new UsageException($"name is '{requested}', expected letters, digits, dots, hyphens or underscores."),
            > MaxNameLength => name[..MaxNameLength],
            _ => name,
        };
    }

    [GeneratedRegex("[^A-Za-z0-9._-]+")]
    private static partial Regex OtherCharacters();
}
