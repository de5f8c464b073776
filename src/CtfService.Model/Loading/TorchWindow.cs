using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Stages.Windows;
using CtfService.Model.Transformer;
using TorchSharp;

namespace CtfService.Model.Loading;

/// <summary>
/// Chooses the window of libtorch's decode steps, once for a loaded model: with another number of positions libtorch may sum in another order, so images would
/// depend on it.
/// </summary>
internal static class TorchWindow
{
    /// <summary>The windows to choose from. The first is taken unless another is better.</summary>
    private static readonly int[] Candidates = [16, 8, 4, 1];

    /// <summary>How many times more labels another window must draw in a second, so that noise in the measurement does not change the choice.</summary>
    private const double Advantage = 1.15;

    /// <summary>Steps of a measurement; fewer than an image takes.</summary>
    private const int Steps = 4;

    private const int Runs = 3;

    /// <summary>
    /// Returns the configured window. Without one: on a CUDA device the window that draws most labels in a second, and on the CPU, where a step takes longer
    /// with every row, 1. With several CUDA devices the widest, without a measurement, because all of them must compute the same.
    /// </summary>
    public static int Choose(ClassConditionalTransformer transformer, ModelPlacement placement, DeviceMemory memory, int rows) =>
        placement.MaxWindow is null && placement.Device.type == DeviceType.CUDA && ModelPlacement.CudaDevices == 1
            ? Choose(window => TimeOfStep(transformer, memory, rows, Math.Min(window, transformer.Config.Positions)))
            : Widest(placement, transformer.Config);

    /// <summary>Returns the widest window that <see cref="Choose(ClassConditionalTransformer, ModelPlacement, DeviceMemory, int)"/> may return.</summary>
    public static int Widest(ModelPlacement placement, TransformerConfig config) =>
        Math.Min(placement.MaxWindow ?? (placement.Device.type == DeviceType.CUDA ? Candidates[0] : 1), config.Positions);

    /// <param name="timeOfStep">Returns the time of a step with a window; null if it does not fit the device.</param>
    internal static int Choose(Func<int, TimeSpan?> timeOfStep)
    {
        var (chosen, best, expected) = (1, 0.0, new ExpectedLabels());
        foreach (var window in Candidates)
        {
            if (timeOfStep(window) is { } time && expected.Of(window) / time.TotalSeconds is var rate && rate > best * Advantage)
            {
                (chosen, best) = (window, rate);
            }
        }

        return chosen;
    }

    /// <summary>Returns the best of several runs, which other programs disturb least. The number of images does not matter: a step computes all rows.</summary>
    private static TimeSpan? TimeOfStep(ClassConditionalTransformer transformer, DeviceMemory memory, int rows, int window)
    {
        try
        {
            using var stage = new TorchCoarseStage(transformer, memory, rows, window);
            var best = TimeSpan.MaxValue;
            for (var run = 0; run <= Runs; run++)
            {
                var elapsed = TimeOfRun(stage, transformer.Config.Positions);
                best = run > 0 && elapsed < best ? elapsed : best; // run 0 warms up
            }

            return stage.Rows == rows ? best / Steps : null;
        }
        catch (Exception error) when (MemoryFault.Is(error))
        {
            return null;
        }
    }

    private static TimeSpan TimeOfRun(TorchCoarseStage stage, int positions)
    {
        var image = new RunningImage(0, new ImageSpecification(0, Seed: 0, new SamplingSettings(), new SamplingSettings()), positions);
        stage.Add(image);
        stage.Step(); // the first one prepares the rows
        var started = Stopwatch.GetTimestamp();
        for (var step = 0; step < Steps && stage.Count > 0; step++)
        {
            stage.Step();
        }

        stage.Fetch([image]); // waits for the device
        var elapsed = Stopwatch.GetElapsedTime(started);
        stage.Remove(image.Id);
        return elapsed;
    }
}
