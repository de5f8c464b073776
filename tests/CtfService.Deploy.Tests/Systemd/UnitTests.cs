using System.Globalization;
using System.Text.RegularExpressions;
using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Systemd;

/// <summary>Checks the unit of deploy/systemd with the tools of systemd, if they are installed.</summary>
public sealed class UnitTests
{
    private const string ProgramFolder = "/opt/ctf-service";

    /// <summary>On the scale of systemd from 0 (confined) to 10 (unconfined): below 5 is OK; an unconfined network service has 9.</summary>
    private const double MostExposure = 2.0;

    private static readonly string Unit = File.ReadAllText(RepositoryFolder.File("deploy", "systemd", "ctf-service.service"));

    [SystemdFact]
    public async Task Unit_ForSystemd_HasNoErrors()
    {
        using var folder = new TemporaryFolder();

        var run = await Analyze(folder, "verify");

        Assert.True(run is { ExitCode: 0, Output: "", Errors: "" }, run.ToString());
    }

    [SystemdFact]
    public async Task Unit_WithAMisspeltSetting_HasAnError()
    {
        using var folder = new TemporaryFolder();

        var run = await Analyze(folder, "verify", Unit.Replace("NoNewPrivileges", "NoNewPrivilegs", StringComparison.Ordinal));

        Assert.Contains("NoNewPrivilegs", run.Errors, StringComparison.Ordinal);
    }

    [SystemdFact]
    public async Task Unit_ForSystemd_IsConfined()
    {
        using var folder = new TemporaryFolder();

        var run = await Analyze(folder, "security");

        var exposure = Regex.Match(run.Output, @"exposure level for ctf-service.service: ([\d.]+)");
        Assert.True(exposure.Success, run.ToString());
        Assert.InRange(double.Parse(exposure.Groups[1].Value, CultureInfo.InvariantCulture), 0, MostExposure);
    }

    [Fact]
    public void Unit_StopTimeout_OutlastsTheShutdownBudget()
    {
        var timeout = Regex.Match(Unit, @"^TimeoutStopSec=(\d+)$", RegexOptions.Multiline).Groups[1].Value;

        Assert.True(TimeSpan.FromSeconds(int.Parse(timeout, CultureInfo.InvariantCulture)) > Settings.TimeToStop());
    }

    [Fact]
    public void JobsFolder_OfTheUnit_IsItsStateDirectory()
    {
        var state = Regex.Match(Unit, "^StateDirectory=(.+)$", RegexOptions.Multiline).Groups[1].Value;

        // ProtectSystem=strict makes everything else read-only.
        Assert.Contains($"Environment=Storage__Folder=/var/lib/{state}\n", Unit, StringComparison.Ordinal);
        Assert.Contains("ProtectSystem=strict\n", Unit, StringComparison.Ordinal);
    }

    [Fact]
    public void EnvironmentFile_OfTheUnit_NamesSettings()
    {
        var file = File.ReadAllText(RepositoryFolder.File("deploy", "systemd", "ctf-service.env"));
        var variables = Regex.Matches(file, @"^#?([A-Za-z_0-9]+)=", RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(variables);
        Settings.AssertKnown(variables);
    }

    /// <summary>Runs systemd-analyze in a temporary folder that contains the program of the unit.</summary>
    private static async Task<ProgramRun> Analyze(TemporaryFolder folder, string command, string? unit = null)
    {
        var program = folder.File("CtfService.Api");
        await File.WriteAllTextAsync(program, "#!/bin/sh\n");
        if (!OperatingSystem.IsWindows()) // Windows has no file modes
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var file = folder.File("ctf-service.service");
        await File.WriteAllTextAsync(file, (unit ?? Unit).Replace(ProgramFolder, folder.Root, StringComparison.Ordinal));
        string[] arguments = command == "security" ? [command, "--offline=true", "--no-pager", file] : [command, file];
        return await ProgramRun.Of(SystemdFactAttribute.Program!, arguments, folder.Root);
    }
}

/// <summary>A fact that is skipped if systemd is not installed, because the gate cannot install it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SystemdFactAttribute : FactAttribute
{
    public SystemdFactAttribute() => Skip = Program is null ? "systemd-analyze is not on the search path." : null;

    public static string? Program { get; } = InstalledProgram.Find("systemd-analyze");
}
