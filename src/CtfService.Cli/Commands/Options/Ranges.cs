using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>Ranges of options that several commands share and that no options record defines.</summary>
internal static class Ranges
{
    /// <summary>Steps, runs and repetitions.</summary>
    public static NumberRange<int> Steps { get; } = NumberRange.Between(1, 1_000_000_000);

    /// <summary>Images or rows of a batch.</summary>
    public static NumberRange<int> Batch { get; } = NumberRange.Between(1, 65_536);

    /// <summary>Threads to compute with.</summary>
    public static NumberRange<int> Threads { get; } = NumberRange.Between(1, 1_024);

    /// <summary>Clusters of a cluster map; <see cref="ClustersProblem"/> adds the limit that depends on the tokenizer.</summary>
    public static NumberRange<int> Clusters { get; } = NumberRange.Between(1, 1 << 24);

    /// <summary>Returns what is wrong with a number of clusters; null if the codebook has enough codewords.</summary>
    public static string? ClustersProblem(int clusters, int codewords) =>
        clusters <= codewords ? null : $"--clusters is {clusters}, expected at most {codewords}, the number of codewords of the tokenizer";
}
