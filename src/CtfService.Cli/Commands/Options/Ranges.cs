using CtfService.Core;

namespace CtfService.Cli.Commands.Options;

/// <summary>Ranges of options that several commands have and that no settings record states.</summary>
internal static class Ranges
{
    /// <summary>Steps, runs and repetitions.</summary>
    public static NumberRange<int> Steps { get; } = NumberRange.Between(1, 1_000_000_000);

    /// <summary>Images or rows at once.</summary>
    public static NumberRange<int> Batch { get; } = NumberRange.Between(1, 65_536);

    /// <summary>Images of a class, or in all.</summary>
    public static NumberRange<int> Images { get; } = NumberRange.Between(1, 1_000_000);

    /// <summary>Side of square training images, pixels.</summary>
    public static NumberRange<int> ImageSide { get; } = NumberRange.Between(16, 16_384);

    /// <summary>Threads to compute with.</summary>
    public static NumberRange<int> Threads { get; } = NumberRange.Between(1, 1_024);

    /// <summary>Number of clusters; at most the codewords of the tokenizer, which are known later.</summary>
    public static NumberRange<int> Clusters { get; } = NumberRange.Between(1, 1 << 24);

    /// <summary>Weight of one loss beside another.</summary>
    public static NumberRange<double> LossWeight { get; } = NumberRange.Between(0.0, 1_000.0);

    /// <summary>Share of a whole.</summary>
    public static NumberRange<double> Share { get; } = NumberRange.Between(0.0, 1.0);

    /// <summary>Peak learning rate.</summary>
    public static NumberRange<double> LearningRate { get; } = NumberRange.Above(0.0, 1.0);
}
