using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CtfService.Gateway.Configuration;

/// <summary>Reports startup failures that the operator can fix: one message with all problems and an exit code of its own, without a stack trace.</summary>
internal static class StartFailures
{
    /// <summary>EX_CONFIG of sysexits.h: the configuration is wrong. A restart does not help.</summary>
    public const int ExitCode = 78;

    /// <summary>Returns the problems; null for a failure that is a bug.</summary>
    public static IReadOnlyList<string>? Describe(Exception error) => error switch
    {
        OptionsValidationException wrong => [.. wrong.Failures.Distinct()],
        FileNotFoundException { FileName: not null } missing when missing.FileName.EndsWith(SettingsExtensions.FileName, StringComparison.Ordinal) =>
            [$"{SettingsExtensions.FileName} is missing from {AppContext.BaseDirectory}, the folder of the program. It contains all settings; restore it."],
        InvalidDataException unreadable => [$"{unreadable.Message} Correct the file."],
        IOException or InvalidOperationException or FormatException
            when IsFrom(error, typeof(KestrelServer).Namespace!) || IsFrom(error, typeof(ConfigurationBinder).Namespace!) => [error.Message],
        _ => null,
    };

    public static int Report(IReadOnlyList<string> problems)
    {
        Console.Error.WriteLine(problems.Count == 1
            ? $"The gateway cannot start. {problems[0]}"
            : $"The gateway cannot start. {problems.Count} problems:");
        foreach (var problem in problems.Count == 1 ? [] : problems)
        {
            Console.Error.WriteLine($"- {problem}");
        }

        return ExitCode;
    }

    /// <summary>Whether the failure comes from sections of the framework, which are not validated earlier.</summary>
    private static bool IsFrom(Exception error, string place) => error.StackTrace?.Contains(place, StringComparison.Ordinal) == true;
}
