using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Cpu;

/// <summary>Small random transformers, and the engines that run them.</summary>
internal static class EngineModels
{
    /// <summary>Gets the vector widths that this machine supports, the widest first.</summary>
    public static TheoryData<VectorWidth> Widths => [.. Enum.GetValues<VectorWidth>().Where(VectorWidths.IsSupported).OrderDescending()];

    /// <summary>Returns sizes that are not multiples of a vector or a register tile, so that every kernel has a remainder.</summary>
    public static TransformerConfig Config(bool causal = true) => new()
    {
        Width = 88,
        Layers = 2,
        Heads = 2,
        InputVocabulary = 21,
        OutputVocabulary = 37,
        ClassCount = 3,
        GridHeight = 5,
        GridWidth = 9,
        Causal = causal,
        FeedForwardMultiple = 6,
    };

    public static ClassConditionalTransformer Random(TransformerConfig config)
    {
        var transformer = new ClassConditionalTransformer(config);
        transformer.eval();
        SeededWeights.Draw(transformer, seed: 5, (name, parameter, generator) => name.EndsWith("norm.weight", StringComparison.Ordinal)
            ? SeededWeights.Uniform(parameter, 0.5, 1.5, generator)
            : SeededWeights.Normal(parameter, 0.15, generator));
        return transformer;
    }

    /// <summary>Returns input labels of some sequences, the same on every call.</summary>
    public static Tensor Labels(TransformerConfig config, int sequences)
    {
        using var generator = new Generator(6);
        return randint(0, config.InputVocabulary, [sequences, config.Positions], dtype: int64, generator: generator);
    }

    public static SimdDecodeEngine Engine(
        ClassConditionalTransformer transformer, ComputeThreadPool pool, int capacity, VectorWidth? width = null, WeightFormat format = WeightFormat.Float32) =>
        new(transformer.Config, WeightSource.Of(transformer), pool, new CpuEngineOptions(capacity, format, width));

    /// <summary>Decodes some sequences step by step and returns the logits of every position, [R, S, V].</summary>
    public static Tensor StepThrough(IDecodeEngine engine, Tensor classIds, Tensor labels, int steps)
    {
        var rows = (int)classIds.shape[0];
        var classes = classIds.data<long>().ToArray();
        var cells = labels.contiguous().data<long>().ToArray();
        var vocabulary = engine.Config.OutputVocabulary;
        var all = empty(rows, steps, vocabulary);
        var logits = new float[rows * vocabulary];
        for (var position = 0; position < steps; position++)
        {
            var step = Enumerable.Range(0, rows)
                .Select(row => new DecodeRow(row, position, (int)(position == 0 ? classes[row] : cells[(row * labels.shape[1]) + position - 1]))).ToArray();
            engine.DecodeStep(step, logits);
            all.select(1, position).copy_(tensor(logits, [rows, vocabulary]));
        }

        return all;
    }
}
