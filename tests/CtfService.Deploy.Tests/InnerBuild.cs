namespace CtfService.Deploy.Tests;

/// <summary>Running <c>dotnet</c> from a test.</summary>
internal static class InnerBuild
{
    /// <summary>
    /// A test runs inside MSBuild and the test host, whose variables would lead the inner <c>dotnet</c> astray; and no build server may outlive the test.
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
