using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.EngineBenchmarks;

namespace CtfService.Cli.Commands.Bench;

/// <summary>The options that several benchmarks share.</summary>
internal static class BenchOptions
{
    public static Option<int[]> Batch(string description, params int[] defaultValue) =>
        CommandOption.Numbers("--batch", description, defaultValue, Ranges.Batch);

    public static Option<string> Preset(string description, string defaultValue) =>
        CommandOption.Choice("--preset", description, RandomTransformer.Presets, defaultValue);

    public static Option<int> Threads() => CommandOption.Number("--threads", "Threads to compute with.", Environment.ProcessorCount, Ranges.Threads);

    public static Option<bool> Json() => new("--json") { Description = "Print JSON instead of a table." };
}
