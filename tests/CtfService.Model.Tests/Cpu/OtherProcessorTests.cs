using System.Diagnostics;

namespace CtfService.Model.Tests.Cpu;

/// <summary>The engine's tests once more in a process that believes to run on an older processor: fewer registers, narrower vectors, other instructions.</summary>
public sealed class OtherProcessorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    public async Task EngineTests_WithoutWideVectors_Pass(string variable)
    {
        var start = new ProcessStartInfo("dotnet", ["test", typeof(OtherProcessorTests).Assembly.Location, "--filter", "FullyQualifiedName~Cpu.Simd"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [variable] = "0" },
        };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Patience);

        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);

        Assert.True(process.ExitCode == 0, $"{output}{Environment.NewLine}{await errors}");
        Assert.Contains("Passed!", output, StringComparison.Ordinal); // and not: no test matched
    }
}
