using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>Ranges of options that several commands have and that no settings record states.</summary>
internal static class Ranges
{
    /// <summary>Steps, runs and repetitions.</summary>
    public static NumberRange<int> Steps { get; } = NumberRange.Between(1, 1_000_000_000);

    /// <summary>Images or rows at once.</summary>
    public static NumberRange<int> Batch { get; } = NumberRange.Between(1, 65_536);

    /// <summary>Threads to compute with.</summary>
    public static NumberRange<int> Threads { get; } = NumberRange.Between(1, 1_024);

    /// <summary>Number of clusters; at most the codewords of the tokenizer, which are known later.</summary>
    public static NumberRange<int> Clusters { get; } = NumberRange.Between(1, 1 << 24);

    /// <summary>Returns what is wrong with a number of clusters; null if the codebook has enough codewords.</summary>
    public static string? ClustersProblem(int clusters, int codewords) =>
        clusters <= codewords ? null : $"--clusters is {clusters}, expected at most {codewords}, the codewords of the tokenizer";
}
