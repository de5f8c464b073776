using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CtfService.Cli.Shell;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf api-key</c>: makes a key for a caller of the service. The key is shown once; the service's settings take its hash.</summary>
internal static partial class ApiKeyCommand
{
    /// <summary>Random bytes of a key: too many to guess, so that a plain hash of it is safe to keep.</summary>
    private const int KeyBytes = 32;

    /// <summary>Longest name that the service takes.</summary>
    private const int MaxNameLength = 64;

    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("name")
        {
            Description = $"Whose key it is: the name that logs and limits use, up to {MaxNameLength} letters, digits, dots, hyphens or underscores.",
        };
        var command = new Command("api-key", "Makes an API key for the service; prints the key, which nobody can recover later, and the settings that let it in.") { name };
        command.SetAction((arguments, _) =>
        {
            Write(terminal, arguments.GetRequiredValue(name));
        });
        return command;
    }

    private static void Write(Terminal terminal, string asked)
    {
        var name = Settled(asked);
        if (name != asked)
        {
            terminal.Error.WriteLine(
                $"The service takes names of up to {MaxNameLength} letters, digits, dots, hyphens and underscores: the key is called {name}.");
        }

        var key = $"ctf_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes))}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        terminal.Output.WriteLine($"key     {key}");
        terminal.Output.WriteLine($"sha256  {hash}");
        terminal.Error.WriteLine("Give the key to its caller, who sends it as 'Authorization: Bearer KEY'. Add its hash to the service:");
        terminal.Error.WriteLine(
            $$"""  appsettings.json  "Security": { "ApiKeys": [ { "Name": {{JsonSerializer.Serialize(name)}}, "Sha256": "{{hash}}" } ] }""");
        terminal.Error.WriteLine($"  environment       Security__ApiKeys__0__Name={name} Security__ApiKeys__0__Sha256={hash}");
    }

    /// <summary>The name as the service takes it, which also needs no quotes in a shell.</summary>
    private static string Settled(string asked)
    {
        var name = OtherCharacters().Replace(asked, "-").Trim('-');
        return name.Length switch
        {
            0 => throw new UsageException($"name is '{asked}', expected letters, digits, dots, hyphens or underscores."),
            > MaxNameLength => name[..MaxNameLength],
            _ => name,
        };
    }

    [GeneratedRegex("[^A-Za-z0-9._-]+")]
    private static partial Regex OtherCharacters();
}
