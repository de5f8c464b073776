using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Packages;

/// <summary>Restores packages with known vulnerabilities under the repository's settings.</summary>
public sealed class PackageAuditTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("skiasharp")]
    [InlineData("skiasharp.nativeassets.win32")] // a transitive dependency
    public async Task Restore_PackageWithAnAdvisory_FailsAndNamesIt(string package)
    {
        using var feed = new AdvisoryFeed(package);

        var run = await Restore(feed.Index);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("error NU1903", run.Output, StringComparison.Ordinal);
        Assert.Contains("https://example.org/advisory", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_AdvisoryForAnotherPackage_Succeeds()
    {
        using var feed = new AdvisoryFeed("another.package");

        AssertSilent(await Restore(feed.Index));
    }

    [Fact]
    public async Task Restore_NoAuditSourceReachable_IsSilent() => AssertSilent(await Restore("http://127.0.0.1:9/index.json"));

    private static void AssertSilent(ProgramRun run)
    {
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.DoesNotContain("NU19", run.Output, StringComparison.Ordinal);
    }

    /// <summary>Restores a project with the repository's settings and image library, from the local package cache.</summary>
    private async Task<ProgramRun> Restore(string auditSource)
    {
        foreach (var settings in (string[])["Directory.Build.props", "Directory.Packages.props", "global.json"])
        {
            File.Copy(RepositoryFolder.File(settings), _folder.File(settings));
        }

        await File.WriteAllTextAsync(_folder.File("nuget.config"), $"""
            <configuration>
              <packageSources><clear /></packageSources>
              <auditSources><clear /><add key="audit" value="{auditSource}" allowInsecureConnections="true" /></auditSources>
            </configuration>
            """);
        await File.WriteAllTextAsync(_folder.File("audited.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup><PackageReference Include="SkiaSharp" /></ItemGroup>
            </Project>
            """);
        return await ProgramRun.Of("dotnet", ["restore", "--no-http-cache"], _folder.Root, InnerBuild.Environment);
    }
}
