using System.Text.Json.Nodes;

namespace CtfService.Cli.Tests;

public sealed class CompilationTests
{
    [Fact]
    public void RuntimeConfig_OfTheProgram_CompilesEachMethodOnce()
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ctf.runtimeconfig.json")))!;

        Assert.False((bool?)config["runtimeOptions"]!["configProperties"]!["System.Runtime.TieredCompilation"]);
    }
}
