namespace CtfService.Deploy.Tests;

/// <summary>Runs <c>dotnet</c> from a test.</summary>
internal static class InnerBuild
{
    /// <summary>
    /// Removes variables of MSBuild and the test host that would confuse the inner <c>dotnet</c>, and prevents build servers that outlive the test.
    /// </summary>
    public static IReadOnlyDictionary<string, string?> Environment { get; } = new Dictionary<string, string?>
    {
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["MSBuildSDKsPath"] = null,
        ["MSBuildExtensionsPath"] = null,
        ["MSBUILD_EXE_PATH"] = null,
    };
}
