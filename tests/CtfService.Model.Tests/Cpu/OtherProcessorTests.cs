using System.Diagnostics;

namespace CtfService.Model.Tests.Cpu;

/// <summary>
/// Runs the engine tests again in a process without the newer instruction sets: with fewer registers, narrower vectors and other instructions. The model that
/// ships must draw the same image there.
/// </summary>
public sealed class OtherProcessorTests
{
    private const string Filter = "FullyQualifiedName~Cpu.Simd|FullyQualifiedName~Load_ShippedModel_DrawsTheImageThatItRecords";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("DOTNET_EnableAVX512")]
    [InlineData("DOTNET_EnableAVX2")]
    public async Task EngineTests_WithoutWideVectors_Pass(string variable)
    {
        var start = new ProcessStartInfo("dotnet", ["test", typeof(OtherProcessorTests).Assembly.Location, "--filter", Filter])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [variable] = "0" },
        };
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Timeout);

        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);

        Assert.True(process.ExitCode == 0, $"{output}{Environment.NewLine}{await errors}");
        Assert.Contains("Passed!", output, StringComparison.Ordinal); // fails if no test matched the filter
    }
}
