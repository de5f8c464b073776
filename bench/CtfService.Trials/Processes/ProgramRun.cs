using System.Diagnostics;

namespace CtfService.Trials.Processes;

/// <summary>Runs a program to its end.</summary>
internal static class ProgramRun
{
    /// <exception cref="InvalidOperationException">The program failed; the message has its output.</exception>
    public static async Task OfAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await output}{await errors}");
        }
    }
}
