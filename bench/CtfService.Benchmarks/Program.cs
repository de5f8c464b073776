using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using CtfService.Benchmarks;
using CtfService.Benchmarks.Gpu;

const string Usage = """
    Usage: dotnet run -c Release --project bench/CtfService.Benchmarks -- checkpoint [GPT-B|GPT-L|GPT-XL] [folder]
           dotnet run -c Release --project bench/CtfService.Benchmarks -- data <folder> [images] [steps]
           dotnet run -c Release --project bench/CtfService.Benchmarks -- telemetry [sets] [rounds] [seconds of each] [control]
           dotnet run -c Release --project bench/CtfService.Benchmarks -- kernels [options of BenchmarkDotNet, such as --filter *Product*]
           bench/gpu/run.sh [--cpu] [bundle]
    """;

switch (args)
{
    case ["checkpoint", .. var rest] when rest.Length <= 2:
        var folder = rest.ElementAtOrDefault(1) ?? Path.Combine(Path.GetTempPath(), "ctf-checkpoint");
        return CheckpointMeasurement.Run(rest.ElementAtOrDefault(0) ?? "GPT-L", folder);
    case ["data", var sets, .. var rest] when rest.Length <= 2:
        return DataMeasurement.Run(
            sets,
            int.Parse(rest.ElementAtOrDefault(0) ?? "1000000", CultureInfo.InvariantCulture),
            int.Parse(rest.ElementAtOrDefault(1) ?? "5000", CultureInfo.InvariantCulture));
    case ["telemetry", .. var rest] when rest.Length <= 4:
        int Number(int index, int defaultValue) => rest.Length > index ? int.Parse(rest[index], CultureInfo.InvariantCulture) : defaultValue;
        var isControl = rest.ElementAtOrDefault(3) == "control";
        return await TelemetryMeasurement.RunAsync(Number(0, 4), Number(1, 25), TimeSpan.FromSeconds(Number(2, 1)), isControl);
    case ["kernels", .. var rest]:
        // In this process, which loads the same native libraries as the service.
        var job = Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromHours(1), logOutput: true)).WithIterationCount(5);
        var results = BenchmarkSwitcher.FromAssembly(typeof(CheckpointMeasurement).Assembly)
            .Run(rest.Length == 0 ? ["--filter", "*"] : rest, DefaultConfig.Instance.AddJob(job));
        return results.Any(summary => summary.HasCriticalValidationErrors) ? 1 : 0;
    case ["gpu", "--cpu", .. var rest] when rest.Length <= 1:
        return GpuChecks.Run(rest.ElementAtOrDefault(0) ?? "models/fruits-64", isCpu: true);
    case ["gpu", .. var rest] when rest.Length <= 1:
        return GpuChecks.Run(rest.ElementAtOrDefault(0) ?? "models/fruits-64", isCpu: false);
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}
