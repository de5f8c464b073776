using System.Diagnostics;

namespace CtfService.Trials.Processes;

/// <summary>A start of the service that is expected to end by itself.</summary>
/// <param name="ExitCode">Null if the process still ran after <see cref="Patience"/> and was killed.</param>
/// <param name="Elapsed">From the creation of the process to its end.</param>
internal sealed record StartAttempt(int? ExitCode, TimeSpan Elapsed, string Output, string Errors)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The only message: the lines of standard error.</summary>
    public string Message => Errors.Trim().ReplaceLineEndings(" ");

    /// <summary>True if neither the log nor the message has a stack trace.</summary>
    public bool IsReadable => !$"{Output}{Errors}".Contains("   at ", StringComparison.Ordinal);

    /// <param name="limit">A command of the shell that runs before, such as <c>ulimit -n 64</c>; empty for none.</param>
    public static async Task<StartAttempt> RunAsync(ServiceBuild build, string limit, IReadOnlyList<string> settings, CancellationToken cancellation)
    {
        string[] service = [build.Program, .. settings];
        var start = limit.Length == 0
            ? new ProcessStartInfo("dotnet", service)
            : new ProcessStartInfo("sh", ["-c", $"{limit}; exec dotnet \"$@\"", "sh", .. service]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = Path.GetDirectoryName(build.Program);
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        await process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var elapsed = Stopwatch.GetElapsedTime(started);
        int? code = process.HasExited ? process.ExitCode : null;
        process.Kill(entireProcessTree: true);
        cancellation.ThrowIfCancellationRequested();
        return new(code, elapsed, await output, await errors);
    }
}
