using System.Globalization;
using System.Numerics;
using CtfService.Core.Generation;

namespace CtfService.Training.Optimization;

/// <summary>Ranges of the options of a run, for the command line, experiment files and code.</summary>
public static class TrainingRanges
{
    /// <summary>Training steps, and steps between checkpoints.</summary>
    public static NumberRange<long> Steps { get; } = NumberRange.Between(1L, 1_000_000_000L);

    /// <summary>Steps of the linear warm-up; 0 starts at the peak.</summary>
    public static NumberRange<long> WarmupSteps { get; } = NumberRange.Between(0L, 1_000_000_000L);

    /// <summary>Images per step.</summary>
    public static NumberRange<int> BatchSize { get; } = NumberRange.Between(1, 65_536);

    /// <summary>Checkpoints of a run to keep.</summary>
    public static NumberRange<int> Checkpoints { get; } = NumberRange.Between(1, 1_000);

    /// <summary>Peak of a device, TFLOP/s.</summary>
    public static NumberRange<double> Teraflops { get; } = NumberRange.Above(0.0, 1_000_000.0);

    /// <summary>Peak learning rate. Training does not converge above 1.</summary>
    public static NumberRange<double> LearningRate { get; } = NumberRange.Above(0.0, 1.0);

    /// <summary>Shares, decays of an average, weight decay.</summary>
    public static NumberRange<double> Share { get; } = NumberRange.Between(0.0, 1.0);

    /// <summary>Share of activations or classes that are dropped in training.</summary>
    public static NumberRange<double> Dropout { get; } = NumberRange.Between(0.0, 0.99);

    /// <summary>Decay of AdamW's moments, below 1.</summary>
    public static NumberRange<double> Beta { get; } = NumberRange.Between(0.0, 0.99999);

    /// <summary>Largest gradient norm.</summary>
    public static NumberRange<double> GradientNorm { get; } = NumberRange.Above(0.0, 1_000_000.0);

    /// <summary>Weight of a loss relative to another.</summary>
    public static NumberRange<double> LossWeight { get; } = NumberRange.Between(0.0, 1_000.0);

    /// <summary>Side of square training images, pixels.</summary>
    public static NumberRange<int> ImageSide { get; } = NumberRange.Between(16, 16_384);

    /// <summary>Width times height of the largest image of a data set.</summary>
    public static NumberRange<int> Pixels { get; } = NumberRange.Between(1, 1 << 28);

    /// <summary>Number of images, of a class or in total.</summary>
    public static NumberRange<int> Images { get; } = NumberRange.Between(1, 1_000_000);

    /// <summary>Returns what is wrong with a value; null if it is in range.</summary>
    internal static string? Problem<T>(string name, T value, NumberRange<T> range)
        where T : struct, INumber<T> =>
        range.Contains(value) ? null : string.Create(CultureInfo.InvariantCulture, $"{name} is {value}, expected {range}");
}
