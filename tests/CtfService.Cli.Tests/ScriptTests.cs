using CtfService.TestSupport;

namespace CtfService.Cli.Tests;

/// <summary>The script <c>./ctf</c>, with a fake <c>dotnet</c> that prints its arguments.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ScriptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ScriptTests()
    {
        File.Copy(RepositoryFolder.File("ctf"), _folder.File("ctf"));
        Directory.CreateDirectory(_folder.File("src/CtfService.Cli"));
        Directory.CreateDirectory(_folder.File("tools"));
        File.WriteAllText(_folder.File("src/CtfService.Cli/Program.cs"), "");
        File.WriteAllText(_folder.File("tools/dotnet"), """
            #!/bin/sh
            output="$2/../../artifacts/bin/CtfService.Cli/release"
            if [ "$1" = build ]; then mkdir -p "$output"; : >"$output/ctf.dll"; echo built; exit 0; fi
            for word in "$@"; do echo "<$word>"; done
            exit 7
            """);
        File.SetUnixFileMode(_folder.File("tools/dotnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.SetUnixFileMode(_folder.File("ctf"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task Script_FromAnotherFolder_BuildsOnceAndPassesTheArguments()
    {
        var first = await Run("generate", "--class", "red apple", "");
        var second = await Run("--help");

        Assert.Equal((7, 7), (first.ExitCode, second.ExitCode));
        Assert.Contains("built", first.Errors, StringComparison.Ordinal);
        Assert.EndsWith("ctf.dll>\n<generate>\n<--class>\n<red apple>\n<>\n", first.Output, StringComparison.Ordinal);
        Assert.Empty(second.Errors);
    }

    [Fact]
    public async Task Script_SourcesAreNewer_BuildsAgain()
    {
        await Run("--help");
        File.SetLastWriteTimeUtc(_folder.File("src/CtfService.Cli/Program.cs"), File.GetLastWriteTimeUtc(_folder.File("artifacts/ctf-built")).AddSeconds(2));

        var run = await Run("--help");

        Assert.Contains("built", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Script_CalledByALink_FindsItsFolder()
    {
        File.CreateSymbolicLink(_folder.File("tools/linked"), "../ctf");

        var run = await ProgramRun.Of(_folder.File("tools/linked"), ["inspect"], Path.GetTempPath(), Environment());

        Assert.Contains("<inspect>", run.Output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private Task<ProgramRun> Run(params string[] arguments) => ProgramRun.Of(_folder.File("ctf"), arguments, Path.GetTempPath(), Environment());

    private Dictionary<string, string?> Environment() => new() { ["PATH"] = $"{_folder.File("tools")}:{System.Environment.GetEnvironmentVariable("PATH")}" };
}
