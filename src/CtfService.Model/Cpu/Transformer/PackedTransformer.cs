using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>
/// The packed weights of a transformer without its output head. The weights g of each norm are multiplied into the matrix that follows it: W (g * x / rms) =
/// (W diag(g)) x / rms, so only one scale per row is left to apply. Owns its memory.
/// </summary>
internal sealed unsafe class PackedTransformer : IDisposable
{
    private PackedTransformer(PackedLayer[] layers, NativeBuffer classes, NativeBuffer labels, NativeBuffer finalNorm)
    {
        (Layers, Classes, Labels, FinalNorm) = (layers, classes, labels, finalNorm);
    }

    /// <summary>Gets the matrices of each layer.</summary>
    public IReadOnlyList<PackedLayer> Layers { get; }

    /// <summary>Gets the embeddings of the classes, the null class last: [classes + 1, D].</summary>
    public NativeBuffer Classes { get; }

    /// <summary>Gets the embeddings of the labels, [input vocabulary, D].</summary>
    public NativeBuffer Labels { get; }

    /// <summary>Gets the weights of the final norm, [D].</summary>
    public NativeBuffer FinalNorm { get; }

    /// <summary>Gets the bytes of weights in all layers, which every step reads.</summary>
    public long LayerBytes => Layers.Sum(layer => layer.QueryKeyValue.Bytes + layer.AttentionOutput.Bytes + layer.GateUp.Bytes + layer.Down.Bytes);

    /// <summary>Reads and packs the weights.</summary>
    public static PackedTransformer Pack<TLayout>(TransformerConfig config, WeightSource weights, int lanes)
        where TLayout : struct, IWeightLayout
    {
        var layers = new PackedLayer[config.Layers];
        for (var layer = 0; layer < layers.Length; layer++)
        {
            layers[layer] = PackLayer<TLayout>(config, weights, lanes, $"layers.{layer}");
        }

        return new PackedTransformer(
            layers,
            weights.Copy("cls_embedding.embedding_table.weight", config.ClassCount + 1, config.Width),
            weights.Copy("tok_embeddings.weight", config.InputVocabulary, config.Width),
            weights.Copy("norm.weight", config.Width));
    }

    /// <summary>Reads and packs the output head.</summary>
    /// <param name="rowOrder">The row of the head that each output takes; null for the stored order.</param>
    /// <param name="includeNorm">Whether to multiply the final norm's weights in; false if the inputs are already normalized.</param>
    public static PackedMatrix PackHead<TLayout>(
        TransformerConfig config, WeightSource weights, int lanes, bool includeNorm, IReadOnlyList<int>? rowOrder = null)
        where TLayout : struct, IWeightLayout
    {
        using var scope = NewDisposeScope();
        var head = weights.Read("output.weight", config.OutputVocabulary, config.Width);
        var norm = includeNorm ? WeightSource.Start(weights.Read("norm.weight", config.Width)) : null;
        var rows = WeightSource.Start(head);
        return PackedMatrix.Pack<TLayout>(
            config.OutputVocabulary, config.Width, lanes, output => rows + ((long)(rowOrder?[output] ?? output) * config.Width), norm);
    }

    public void Dispose()
    {
        foreach (var layer in Layers)
        {
            layer.Dispose();
        }

        Classes.Dispose();
        Labels.Dispose();
        FinalNorm.Dispose();
    }

    private static PackedLayer PackLayer<TLayout>(TransformerConfig config, WeightSource weights, int lanes, string layer)
        where TLayout : struct, IWeightLayout
    {
        using var scope = NewDisposeScope();
        var (width, inner) = (config.Width, config.FeedForwardWidth);
        var queryKeyValue = WeightSource.Start(weights.Read($"{layer}.attention.wqkv.weight", 3 * width, width));
        var attentionOutput = WeightSource.Start(weights.Read($"{layer}.attention.wo.weight", width, width));
        var gate = WeightSource.Start(weights.Read($"{layer}.feed_forward.w1.weight", inner, width));
        var up = WeightSource.Start(weights.Read($"{layer}.feed_forward.w3.weight", inner, width));
        var down = WeightSource.Start(weights.Read($"{layer}.feed_forward.w2.weight", width, inner));
        var attentionNorm = WeightSource.Start(weights.Read($"{layer}.attention_norm.weight", width));
        var feedForwardNorm = WeightSource.Start(weights.Read($"{layer}.ffn_norm.weight", width));

        // Vectors of w1 and w3 alternate, so that the SwiGLU epilogue gets gate and up of the same features in one panel.
        float* GateUpRow(int output)
        {
            var (vector, lane) = Math.DivRem(output, lanes);
            var feature = (vector / PackedMatrix.VectorsPerPanel * lanes) + lane;
            var matrix = vector % PackedMatrix.VectorsPerPanel == 0 ? gate : up;
            return feature < inner ? matrix + ((long)feature * width) : null;
        }

        return new PackedLayer(
            PackedMatrix.Pack<TLayout>(3 * width, width, lanes, output => queryKeyValue + ((long)output * width), attentionNorm),
            PackedMatrix.Pack<TLayout>(width, width, lanes, output => attentionOutput + ((long)output * width)),
            PackedMatrix.Pack<TLayout>(PackedMatrix.VectorsPerPanel * Alignment.RoundUp(inner, lanes), width, lanes, GateUpRow, feedForwardNorm),
            PackedMatrix.Pack<TLayout>(width, inner, lanes, output => down + ((long)output * inner)));
    }
}

/// <summary>The four matrices of one transformer block.</summary>
/// <param name="GateUp">w1 and w3, one vector of each in every panel.</param>
internal sealed record PackedLayer(PackedMatrix QueryKeyValue, PackedMatrix AttentionOutput, PackedMatrix GateUp, PackedMatrix Down) : IDisposable
{
    public void Dispose()
    {
        QueryKeyValue.Dispose();
        AttentionOutput.Dispose();
        GateUp.Dispose();
        Down.Dispose();
    }
}
