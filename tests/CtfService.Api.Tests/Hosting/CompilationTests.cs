using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using CtfService.Core.Generation;
using CtfService.Inference;
using CtfService.Model.Generation;

namespace CtfService.Api.Tests.Hosting;

/// <summary>Checks how the built service is compiled, in Debug builds too.</summary>
public sealed class CompilationTests
{
    [Fact]
    public void RuntimeConfig_OfTheService_CompilesEachMethodOnce()
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "CtfService.Api.runtimeconfig.json")))!;

        Assert.False((bool?)config["runtimeOptions"]!["configProperties"]!["System.Runtime.TieredCompilation"]);
    }

    [Theory]
    [InlineData(typeof(ImageSpecification))]
    [InlineData(typeof(InferenceServiceExtensions))]
    [InlineData(typeof(CtfImageGenerator))]
    public void Assembly_OfTheSteps_IsOptimised(Type type)
    {
        Assert.False(type.Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled ?? false);
    }
}
