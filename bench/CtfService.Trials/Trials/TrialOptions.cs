using System.CommandLine;

namespace CtfService.Trials.Trials;

/// <summary>Options that all trials have.</summary>
internal static class TrialOptions
{
    public static Option<string?> Service { get; } = new("--service")
    {
        Description = "Folder with CtfService.Api.dll. Default: the build beside this program.",
    };

    public static Option<string?> Json { get; } = new("--json") { Description = "File that gets the results as JSON." };

    public static Option<string?> Folder { get; } = new("--folder")
    {
        Description = "Folder for databases, files and logs, which stays; what took long is used again by the next run. Default: a temporary one.",
    };

    /// <summary>The form of a trial that runs on every change: the same requirements, with little of everything.</summary>
    public static Option<bool> Short { get; } = new("--short") { Description = "Runs in seconds: the same requirements, with little of everything." };

    /// <summary>Creates an option with a default.</summary>
    public static Option<T> Of<T>(string name, T defaultValue, string description) =>
        new($"--{name}") { Description = description, DefaultValueFactory = _ => defaultValue };

    /// <summary>Creates a command with the common options.</summary>
    public static Command Command(string name, string description, params Option[] options)
    {
        var command = new Command(name, description);
        foreach (var option in (Option[])[.. options, Service, Json, Folder])
        {
            command.Add(option);
        }

        return command;
    }
}
