using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Model.Layers;
using CtfService.Model.Loading;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Benchmarks.Gpu;

/// <summary>Times of decode steps and of training steps with random weights, which say nothing about how often drafts are right.</summary>
internal static class StepTimes
{
    private const int Vocabulary = 512;
    private const int Steps = 8;
    private const int Runs = 5;

    /// <summary>Prints the time of a decode step by rows and window, and of a training step.</summary>
    /// <param name="preset">One of <see cref="RandomTransformer.Presets"/>.</param>
    public static void Print(string preset, ModelPlacement placement, int[] windows)
    {
        var config = RandomTransformer.Config(preset, Vocabulary);
        using var transformer = RandomTransformer.Create(config).to(placement.Dtype == ModelDtype.BFloat16 ? bfloat16 : float32).to(placement.Device);
        foreach (var rows in (int[])[2, 32])
        {
            foreach (var window in windows)
            {
                var milliseconds = DecodeStep(transformer, placement, rows, window);
                Console.WriteLine($"GPT {preset}, {placement.Dtype}, {rows} rows, W = {window}: {milliseconds:0.00} ms a step");
            }
        }

        Console.WriteLine($"GPT {preset}, training with 8 images: {TrainingStep(config, placement):0} ms a step");
    }

    /// <summary>Returns the milliseconds of a step, the median of several runs. Every step computes all rows, whatever is occupied.</summary>
    private static double DecodeStep(ClassConditionalTransformer transformer, ModelPlacement placement, int rows, int window)
    {
        using var stage = new TorchCoarseStage(transformer, new DeviceMemory(placement.Device), rows, window);
        var times = new List<double>();
        for (var run = 0; run <= Runs; run++)
        {
            var settings = new SamplingSettings(GuidanceScale: 2);
            var image = new RunningImage(run, new ImageSpecification(run, (ulong)run, settings, new SamplingSettings()), transformer.Config.Positions);
            stage.Add(image);
            stage.Step(); // the first one prepares the rows
            var started = Stopwatch.GetTimestamp();
            var steps = 0;
            for (; steps < Steps && stage.Count > 0; steps++)
            {
                stage.Step();
            }

            stage.Fetch([image]); // waits for the device
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds / steps);
            stage.Remove(image.Id);
        }

        return times.Skip(1).Order().ElementAt(Runs / 2); // run 0 warms up
    }

    private static double TrainingStep(TransformerConfig config, ModelPlacement placement)
    {
        using var scope = NewDisposeScope();
        var transformer = RandomTransformer.Create(config).to(placement.Device);
        transformer.train();
        var optimizer = optim.AdamW(transformer.parameters(), 1e-4);
        var (classes, labels) = (zeros(8, int64, placement.Device), zeros(8, config.Positions, int64, placement.Device));
        var times = new List<double>();
        for (var step = 0; step < 4; step++)
        {
            using var stepScope = NewDisposeScope();
            var started = Stopwatch.GetTimestamp();
            optimizer.zero_grad();
            Tensor logits;
            using (new Autocast(placement.Dtype == ModelDtype.BFloat16 ? bfloat16 : null))
            {
                logits = transformer.call(classes, labels.narrow(1, 0, config.Positions - 1)); // [B, T, V]
            }

            var loss = nn.functional.cross_entropy(logits.flatten(0, 1).to(float32), labels.flatten());
            loss.backward();
            optimizer.step();
            _ = loss.item<float>(); // waits for the device
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        transformer.Dispose();
        optimizer.Dispose();
        return times.Skip(1).Min();
    }
}
