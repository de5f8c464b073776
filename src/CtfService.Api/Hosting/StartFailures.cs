using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Hosting;

/// <summary>
/// What keeps the service from starting and is the operator's to mend: one message with all of it and an exit code of its own, no stack trace.
/// </summary>
internal static class StartFailures
{
    /// <summary>EX_CONFIG of sysexits.h: something is wrong with the configuration. Restarting changes nothing.</summary>
    public const int ExitCode = 78;

    /// <exception cref="StartRefusedException">It is not there.</exception>
    public static void RequireSettingsFile(string folder)
    {
        const string Name = "appsettings.json";
        if (!File.Exists(Path.Combine(folder, Name)))
        {
            throw new StartRefusedException([$"{Name} is not in {folder}, beside the program. It holds every setting; put it back."]);
        }
    }

    /// <summary>Null for a failure that is a defect of ours.</summary>
    public static IReadOnlyList<string>? Describe(Exception error) => error switch
    {
        StartRefusedException refused => refused.Problems,
        OptionsValidationException wrong => [.. wrong.Failures.Distinct()],
        AggregateException several when several.InnerExceptions.All(inner => inner is OptionsValidationException) =>
            [.. several.InnerExceptions.Cast<OptionsValidationException>().SelectMany(wrong => wrong.Failures).Distinct()],
        InvalidDataException { InnerException: { } unreadable } file => [$"{file.Message} {Reason(unreadable)} Correct the file."],
        IOException or SocketException or InvalidOperationException or ArgumentException or FormatException
            when IsFrom(error, typeof(KestrelServer).Namespace!) || IsFrom(error, typeof(ConfigurationBinder).Namespace!) => [error.Message],
        _ => null,
    };

    public static int Report(IReadOnlyList<string> problems)
    {
        Console.Error.WriteLine(problems.Count == 1
            ? $"The service cannot start. {problems[0]}"
            : $"The service cannot start. {problems.Count} things are wrong:");
        foreach (var problem in problems.Count == 1 ? [] : problems)
        {
            Console.Error.WriteLine($"- {problem}");
        }

        return ExitCode;
    }

    /// <summary>What the framework's own sections hold (Kestrel, Logging) is checked by nothing before it.</summary>
    private static bool IsFrom(Exception error, string place) => error.StackTrace?.Contains(place, StringComparison.Ordinal) == true;

    private static string Reason(Exception unreadable) => unreadable switch
    {
        { InnerException: JsonException json } => $"It is not valid JSON: line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.",
        _ => unreadable.Message,
    };
}

/// <summary>The service cannot run here, or not with these settings.</summary>
/// <param name="problems">For the operator, one sentence or more for each; at least one.</param>
internal sealed class StartRefusedException(IReadOnlyList<string> problems) : Exception(string.Join(' ', problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
