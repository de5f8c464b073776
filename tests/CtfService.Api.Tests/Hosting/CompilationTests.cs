using System.Diagnostics;
using System.Reflection;
using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Inference;
using CtfService.Model.Generation;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Hosting;

/// <summary>Checks how the built service is compiled, in Debug builds too.</summary>
public sealed class CompilationTests
{
    [Theory]
    [InlineData("QuickJitForLoops", "false")] // kernels are compiled once
    [InlineData("CallCountingDelayMs", "5000")] // nothing is compiled again while the first images are drawn
    public void RuntimeConfig_OfTheService_SetsHowCodeIsCompiled(string setting, string expected) =>
        Assert.Equal(expected, Properties()[$"System.Runtime.TieredCompilation.{setting}"]!.ToString());

    [Fact]
    public void RuntimeConfig_OfTheService_CompilesWithoutCounters() => Assert.False((bool?)Properties()["System.Runtime.TieredPGO"]);

    [Theory]
    [InlineData(typeof(Service))]
    [InlineData(typeof(CtfImageGenerator))]
    [InlineData(typeof(TorchSharp.torch))]
    public void Assembly_BesideTheProgram_IsCompiledAheadOfTime(Type type)
    {
        var assembly = Path.Combine(Program, Path.GetFileName(type.Assembly.Location));
        using var file = new PEReader(File.OpenRead(assembly));

        Assert.True(file.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0, $"{assembly} has only intermediate language.");
    }

    [Theory]
    [InlineData(typeof(ImageSpecification))]
    [InlineData(typeof(InferenceServiceExtensions))]
    [InlineData(typeof(CtfImageGenerator))]
    public void Assembly_OfTheSteps_IsOptimised(Type type)
    {
        Assert.False(type.Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled ?? false);
    }

    private static JsonNode Properties() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "CtfService.Api.runtimeconfig.json")))!["runtimeOptions"]!["configProperties"]!;

    /// <summary>Folder of the service, built as the tests were.</summary>
    private static string Program =>
        RepositoryFolder.File("artifacts", "bin", "CtfService.Api", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)));
}
