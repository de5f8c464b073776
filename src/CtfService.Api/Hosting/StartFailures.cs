using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Hosting;

/// <summary>Reports startup failures that the operator can fix: one message with all problems and a dedicated exit code, without a stack trace.</summary>
internal static class StartFailures
{
    /// <summary>EX_CONFIG of sysexits.h: a setting, the model or the store is wrong. A restart does not help.</summary>
    public const int ExitCode = 78;

    /// <summary>EX_TEMPFAIL of sysexits.h: storage, memory or a database is missing, which may pass. A restart may help.</summary>
    public const int TemporaryExitCode = 75;

    /// <summary>EX_SOFTWARE of sysexits.h: a defect of the program, which the log describes.</summary>
    public const int DefectExitCode = 70;

    /// <exception cref="StartRefusedException">The file does not exist.</exception>
    public static void RequireSettingsFile(string folder)
    {
        const string Name = "appsettings.json";
        if (!File.Exists(Path.Combine(folder, Name)))
        {
            throw new StartRefusedException([$"{Name} is missing from {folder}, the folder of the program. It contains all settings; restore it."]);
        }
    }

    /// <summary>Returns the problems; null for a failure that is a bug.</summary>
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

    /// <param name="exitCode">The code to return.</param>
    public static int Report(IReadOnlyList<string> problems, int exitCode = ExitCode)
    {
        Console.Error.WriteLine(problems.Count == 1
            ? $"The service cannot start. {problems[0]}"
            : $"The service cannot start. {problems.Count} problems:");
        foreach (var problem in problems.Count == 1 ? [] : problems)
        {
            Console.Error.WriteLine($"- {problem}");
        }

        return exitCode;
    }

    public static int ExitCodeOf(Exception error) => error is StartRefusedException refused ? refused.ExitCode : ExitCode;

    /// <summary>Returns the reason of a failure in sections of the framework (Kestrel, Logging), which are not validated earlier.</summary>
    private static bool IsFrom(Exception error, string place) => error.StackTrace?.Contains(place, StringComparison.Ordinal) == true;

    private static string Reason(Exception unreadable) => unreadable switch
    {
        { InnerException: JsonException json } => $"It is not valid JSON: line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}.",
        _ => unreadable.Message,
    };
}

/// <summary>The service cannot run on this machine or with these settings.</summary>
/// <param name="problems">Problems for the operator, at least one, each of one or more sentences.</param>
internal sealed class StartRefusedException(IReadOnlyList<string> problems) : Exception(string.Join(' ', problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;

    /// <summary>Exit code of the process.</summary>
    public int ExitCode { get; init; } = StartFailures.ExitCode;
}
