using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Model.Transformer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;
using CtfService.Training.Progress;
using CtfService.Training.Transformer;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Measures trainings of the coarse stage on random tokens, with the paper's settings.</summary>
/// <param name="note">Receives what is measured now.</param>
internal sealed class TrainingBenchmark(TrainingBenchmarkOptions options, Action<string> note, CancellationToken cancellation)
{
    /// <summary>Largest relative difference of two loss curves that rounding explains.</summary>
    private const double MaxLossDifference = 0.01;

    /// <summary>Largest growth of the memory during the long run, as a share and in bytes; allocators keep some blocks at first.</summary>
    private const double MaxGrowth = 0.02;

    private const long MaxGrowthBytes = 64 << 20;

    /// <summary>The size of the comparison with the CPU, which a CPU trains in a minute.</summary>
    private static readonly TransformerSize ComparedSize = new(Width: 128, Layers: 4, Heads: 4);

    private const int ComparedBatch = 16;

    private const long Forever = 1_000_000_000;

    public TrainingBenchmarkReport Run()
    {
        var comparison = options.CompareSteps > 0 ? Compare() : null;
        var sizes = options.Sizes.Select(Measure).ToList();
        var soak = options.Minutes > 0 ? Soak(options.Sizes[^1]) : null;
        return new TrainingBenchmarkReport(
            options.Device.ToString(), options.UseBfloat16 ? "bfloat16" : "float32", options.BatchSize, comparison, sizes, soak);
    }

    /// <summary>Trains the same steps on the CPU and on the device, in float32 and without dropout, whose random numbers differ between devices.</summary>
    private LossComparison Compare()
    {
        note($"Compares {options.CompareSteps} steps in float32 on the CPU and on {options.Device}.");
        IReadOnlyList<double> Curve(Device device)
        {
            using var stage = new SyntheticStage(PlannedData.ImageNet with { GridSide = 8, Codewords = 1024, Clusters = 64, Classes = 10 }, device);
            var losses = new LossRecorder { BatchSize = ComparedBatch };
            Train(stage, ComparedSize, losses, run => run with
            {
                Steps = options.CompareSteps,
                EvaluateEvery = options.CompareSteps,
                BatchSize = ComparedBatch,
                LearningRate = 1e-3,
                UseBfloat16 = false,
                Dropout = 0,
                ClassDropout = 0,
                Device = device,
            });
            return losses.Losses;
        }

        var (cpu, here) = (Curve(CPU), Curve(options.Device));
        var difference = cpu.Zip(here).Max(pair => Math.Abs(pair.First - pair.Second) / pair.First);
        return new LossComparison(options.CompareSteps, cpu[0], cpu[^1], here[^1], difference, difference <= MaxLossDifference);
    }

    private SizeFigures Measure(string name)
    {
        var (size, data) = Named(name);
        using var stage = new SyntheticStage(data, options.Device);
        var (accumulate, planned) = Fit(size, data);
        note($"Measures size {name}: {options.Steps} steps of {options.BatchSize} images in {accumulate} parts.");
        var speed = new LossRecorder { BatchSize = options.BatchSize };
        using var memory = new MemoryWatch(options.Device);
        Train(stage, size, speed, run => run with { Steps = options.Steps, EvaluateEvery = options.Steps, Accumulate = accumulate });
        var flops = TransformerCost.TrainingFlops(data.Config(size, TrainingOptions.UsualDropout, isFine: false), images: 1);
        var peak = DevicePeak.Of(options.Device, options.UseBfloat16);
        return new SizeFigures(
            name, accumulate, speed.ImagesPerSecond, speed.ImagesPerSecond * flops / 1e12, speed.ImagesPerSecond * flops / peak, planned, memory.Peak);
    }

    /// <summary>Trains for some minutes and compares the memory at the end with that after the first tenth.</summary>
    private SoakFigures Soak(string name)
    {
        var (size, data) = Named(name);
        using var stage = new SyntheticStage(data, options.Device);
        using var memory = new MemoryWatch(options.Device);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        note($"Trains size {name} for {options.Minutes} minutes.");
        var watched = new SoakProgress(memory, TimeSpan.FromMinutes(options.Minutes / 10));
        end.CancelAfter(TimeSpan.FromMinutes(options.Minutes));
        try
        {
            Train(
                stage,
                size,
                watched,
                run => run with { Steps = Forever, EvaluateEvery = Forever, CheckpointEvery = Forever, Accumulate = Fit(size, data).Accumulate },
                end.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // the time is over
        }

        var allowed = watched.Early + Math.Max(watched.Early * MaxGrowth, MaxGrowthBytes);
        return new SoakFigures(name, options.Minutes, watched.Steps, watched.Early, watched.Last, watched.Last <= allowed);
    }

    /// <summary>Returns the fewest parts of a batch whose plan fits into the memory of the device, and that plan's peak.</summary>
    private (int Accumulate, long Planned) Fit(TransformerSize size, PlannedData data)
    {
        var config = data.Config(size, TrainingOptions.UsualDropout, isFine: false);
        var isCuda = options.Device.type == TorchSharp.DeviceType.CUDA;
        long Planned(int parts)
        {
            var rows = (options.BatchSize + parts - 1) / parts;
            return MemoryPlan.Of(new PlannedStage(config, rows, HeadScoring.Whole(config), options.UseBfloat16, isCuda), tokenizer: 0).Peak;
        }

        var parts = Enumerable.Range(1, options.BatchSize).FirstOrDefault(parts => Planned(parts) <= options.MemoryBytes);
        return parts > 0
            ? (parts, Planned(parts))
            : throw new OutOfDeviceMemoryException(
                $"A step with one image needs {Planned(options.BatchSize):N0} bytes by its plan, more than --memory allows. Measure a smaller --size.");
    }

    private void Train(
        SyntheticStage stage, TransformerSize size, ITrainingProgress progress, Func<TrainingOptions, TrainingOptions> change, CancellationToken? end = null)
    {
        var run = change(new TrainingOptions
        {
            RunDirectory = stage.NewFolder(),
            BatchSize = options.BatchSize,
            LearningRate = PublishedTraining.LearningRate,
            WarmupSteps = 0,
            FinalLearningRateShare = 1,
            UseBfloat16 = options.UseBfloat16,
            Device = options.Device,
        });
        TransformerTraining.TrainCoarse(stage.Inputs, size, new TrainingRun(run, Resume: false, Augmentation.None), progress, end ?? cancellation);
    }

    /// <summary>A small size for the CPU, or a published one with the tokens of ImageNet.</summary>
    private static (TransformerSize Size, PlannedData Data) Named(string name) => name == TrainingBenchmarkOptions.Tiny
        ? (new TransformerSize(Width: 64, Layers: 2, Heads: 4), PlannedData.ImageNet with { GridSide = 4, Codewords = 256, Clusters = 16, Classes = 10 })
        : (PublishedTransformers.Find(name)!, PlannedData.ImageNet);
}
