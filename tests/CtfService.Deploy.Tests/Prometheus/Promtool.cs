using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Prometheus;

/// <summary>Prometheus' own checker of its files.</summary>
internal static class Promtool
{
    private static readonly string? Path = InstalledProgram.Find("promtool");

    public static string? Missing =>
        Path is null ? "There is no promtool on the search path. Install Prometheus, on Debian with: apt-get install prometheus" : null;

    public static async Task<ProgramRun> Run(params string[] arguments)
    {
        Assert.True(Missing is null, Missing);
        return await ProgramRun.Of(Path!, arguments, RepositoryFolder.File("deploy", "prometheus"));
    }
}

/// <summary>Skipped, with the reason, where there is no promtool and the gate does not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = InstalledProgram.MustBeThere ? null : Promtool.Missing;
}
