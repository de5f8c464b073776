using CtfService.Inference.Routing;
using CtfService.Model.Generation;
using CtfService.Model.Loading;

namespace CtfService.Cli.Commands.Bench;

/// <summary>The devices of benchmarks that need several.</summary>
internal static class BenchOrigins
{
    /// <summary>Returns simulated devices; see <see cref="SimulatedDevice"/>.</summary>
    public static ModelOrigin Simulated(int devices, TimeSpan step, int steps, int rows) => new(
        "simulated",
        [
            .. Enumerable.Range(0, devices)
                .Select(index => new DeviceOrigin($"simulated:{index}", new GeneratorOf(_ => new SimulatedDevice(step, steps, rows)))),
        ]);

    /// <summary>Returns copies of a model that share the cores of the CPU.</summary>
    public static ModelOrigin Copies(string folder, int copies, int rows) => new(
        folder,
        [
            .. Enumerable.Range(0, copies).Select(index => new DeviceOrigin(
                $"cpu:{index}", new CtfImageGeneratorFactory(folder, () => ModelPlacement.Parse("cpu", "auto") with { Copies = copies }, rows))),
        ]);
}
