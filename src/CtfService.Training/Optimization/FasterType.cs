using System.Diagnostics;
using CtfService.Model.Layers;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// Finds the type of matrix products in which a device trains faster. Processors differ: one core of AMD's Zen 5 trains a small transformer faster in bfloat16,
/// one of Intel's without AMX takes twice as long as in float32.
/// </summary>
public static class FasterType
{
    private const int Rounds = 4;
    private const int Images = 16;

    private static readonly TransformerConfig Probe = new()
    {
        Width = 256,
        Layers = 1,
        Heads = 8,
        InputVocabulary = 64,
        OutputVocabulary = 64,
        ClassCount = 1,
        GridHeight = 8,
        GridWidth = 8,
        Causal = true,
    };

    /// <summary>
    /// Returns whether a device trains faster in bfloat16 than in float32: CUDA always does; on the CPU, a block of a transformer is trained in both for less
    /// than a second.
    /// </summary>
    public static bool IsBfloat16(Device device)
    {
        if (device.type != DeviceType.CPU)
        {
            return true;
        }

        using var scope = NewDisposeScope();
        using var block = new ClassConditionalTransformer(Probe);
        var classIds = zeros([Images], int64);
        var labels = zeros([Images, Probe.Positions - 1], int64);
        var (small, whole) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var round = 0; round < Rounds; round++) // in turns, and the fastest of each: other programs only slow a round down
        {
            small = Shorter(small, Time(block, classIds, labels, ScalarType.BFloat16));
            whole = Shorter(whole, Time(block, classIds, labels, type: null));
        }

        return small < whole;
    }

    private static TimeSpan Time(ClassConditionalTransformer block, Tensor classIds, Tensor labels, ScalarType? type)
    {
        using var scope = NewDisposeScope();
        using var mixed = new Autocast(type);
        var start = Stopwatch.GetTimestamp();
        block.call(classIds, labels).sum().backward();
        return Stopwatch.GetElapsedTime(start);
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
