using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Prometheus;

/// <summary>Runs promtool, the checker of Prometheus.</summary>
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

/// <summary>A fact that is skipped, with the reason, if promtool is missing outside the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = InstalledProgram.IsRequired ? null : Promtool.Missing;
}
