namespace CtfService.Trials.Starts;

/// <summary>A start of the service that must fail.</summary>
/// <param name="Settings">Settings on the command line.</param>
/// <param name="ExitCode">The documented exit code.</param>
/// <param name="Cause">Text that the message must contain.</param>
internal sealed record BadStart(string Name, IReadOnlyList<string> Settings, int ExitCode, string Cause)
{
    /// <summary>EX_CONFIG of sysexits.h: a restart does not help.</summary>
    public const int ForGood = 78;

    /// <summary>EX_TEMPFAIL of sysexits.h: a restart may help.</summary>
    public const int ForNow = 75;

    /// <summary>Command of the shell that runs before; empty for none.</summary>
    public string Limit { get; init; } = "";

    /// <summary>Returns the starts with wrong settings.</summary>
    /// <param name="takenPort">A port on which another program listens.</param>
    public static IEnumerable<BadStart> OfSettings(int takenPort) =>
    [
        new("an option out of range", ["--Limits:MaxUploads=0"], ForGood, "Limits:MaxUploads is 0"),
        new("an unknown option", ["--Infrence:MaxQueuedImages=4"], ForGood, "Did you mean Inference?"),
        new("a port that is taken", [$"--urls=http://127.0.0.1:{takenPort}"], ForGood, $"another program listens on port {takenPort}"),
        new("a certificate that is missing", ["--urls=https://127.0.0.1:0", "--Kestrel:Certificates:Default:Path=none.pfx"], ForGood, "none.pfx"),
        new("too few open files", [], ForGood, "may open 64 files") { Limit = "ulimit -n 64" },
        new("a GPU that does not exist", ["--Model:Device=cuda:63"], ForGood, "cuda:63"),
    ];
}
