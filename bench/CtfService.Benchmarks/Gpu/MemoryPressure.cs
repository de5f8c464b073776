using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Model.Loading;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Benchmarks.Gpu;

/// <summary>Draws images while another tensor takes nearly all of the device's memory: labels stay, and rows come back when it is freed.</summary>
internal static class MemoryPressure
{
    private const int Rows = 64;
    private const int Window = 16;

    public static bool Check(ModelPlacement placement)
    {
        var memory = new DeviceMemory(placement.Device);
        if (memory.IsCpu || memory.Read() is not { } state)
        {
            Console.WriteLine("Memory that runs short: not checked, because only a CUDA device reports it as an error.");
            return true;
        }

        using var transformer = RandomTransformer.Create(RandomTransformer.Config("B", 16_384)).to(placement.Device);
        using var stage = new TorchCoarseStage(transformer, memory, Rows, Window);
        var expected = Draw(stage, transformer.Config);
        using var ballast = Fill(memory.Read()!.Value.Free, placement.Device);
        var (labels, least) = (Array.Empty<int>(), stage.Rows);
        try
        {
            labels = Draw(stage, transformer.Config);
            least = stage.Rows;
        }
        catch (Exception error) when (MemoryFault.Is(error))
        {
            Console.WriteLine("Memory that runs short: a step failed with all rows given up; it is repeated.");
        }

        ballast.Dispose();
        labels = labels.Length > 0 ? labels : Draw(stage, transformer.Config);
        var isEqual = labels.SequenceEqual(expected);
        var labelsAre = isEqual ? "equal" : "other";
        Console.WriteLine($"Memory that runs short ({state.Total / 1_000_000_000} GB): {least} of {Rows} rows were kept; labels are {labelsAre}");
        return isEqual;
    }

    /// <summary>Takes the free memory but for 64 MB, in blocks, because libtorch may have kept some.</summary>
    private static Tensor Fill(long free, Device device) => empty([Math.Max(1, free - 64_000_000)], uint8, device);

    private static int[] Draw(TorchCoarseStage stage, TransformerConfig config)
    {
        stage.Remove(1); // of an attempt that failed
        var settings = new SamplingSettings(GuidanceScale: 2);
        var image = new RunningImage(1, new ImageSpecification(1, Seed: 1, settings, new SamplingSettings()), config.Positions);
        stage.Add(image);
        while (stage.Count > 0)
        {
            stage.Step();
        }

        return image.CoarseLabels;
    }
}
