namespace CtfService.Cli.Shell;

/// <summary>What the process returns to the shell.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int UsageError = 2;
    public const int Interrupted = 130; // 128 + SIGINT, as in shells
    public const int Terminated = 143; // 128 + SIGTERM

    /// <summary>SIGTERM, and the work so far is saved: the same command continues. EX_TEMPFAIL of sysexits.h, so that schedulers can start it again.</summary>
    public const int Saved = 75;
}
