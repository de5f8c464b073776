using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu.VqDecoder;
using CtfService.Model.Layers;
using CtfService.Model.Stages;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>
/// A model's memory on a device in bytes, estimated from its architecture before anything is allocated. For our CPU engine the estimate is within a tenth of
/// what is allocated (tested). For libtorch, activations and maps are estimates of its largest temporaries, which have not been measured on CUDA.
/// </summary>
/// <param name="Weights">Weights in their final form; the peak, if two engines are compared while loading.</param>
/// <param name="Cache">Keys and values.</param>
/// <param name="Activations">Activations of both transformers, logits included.</param>
/// <param name="Maps">Feature maps and pixels of VQ decode.</param>
internal sealed record ModelMemory(long Weights, long Cache, long Activations, long Maps)
{
    /// <summary>Maps that libtorch holds at once in a residual block: the input, the normalised map, the activated map and the result.</summary>
    private const int MapsAtOnce = 4;

    /// <summary>Vectors of width D that libtorch holds at once for each position in a block.</summary>
    private const int WidthsAtOnce = 12;

    /// <summary>The same for vectors of width F.</summary>
    private const int InnerWidthsAtOnce = 3;

    /// <summary>Bytes for each logit of a step: filtered logits, probabilities, their sums in double, masks.</summary>
    private const int SamplingBytes = 40;

    public long Total => Weights + Cache + Activations + Maps;

    /// <param name="rows">Rows of a decode step.</param>
    public static ModelMemory Of(BundleManifest manifest, ModelPlacement placement, int rows)
    {
        var isSimd = placement.CpuFormat is not null;
        var elementBytes = RowBudget.ElementBytes(placement);
        return new ModelMemory(
            TokenizerWeights(manifest.Tokenizer, isSimd) + TransformerWeights(manifest, placement, isSimd),
            (rows * RowBudget.BytesPerRow(manifest.Coarse, elementBytes)) + (isSimd && manifest.Fine is { } fine ? FineCache(fine, elementBytes) : 0),
            isSimd ? SimdActivations(manifest, rows) : TorchActivations(manifest, rows, placement),
            isSimd ? SimdMaps(manifest) : TorchMaps(manifest));
    }

    /// <summary>Our CPU engine holds the decoder's weights twice: in the module, which encodes, and packed for the decoder.</summary>
    private static long TokenizerWeights(TokenizerConfig config, bool isSimd)
    {
        var weights = ShapesOf(() => new VqTokenizer(config with { TracksUsage = false }));
        var packed = isSimd ? weights.Where(weight => IsDecoderWeight(weight.Name)).Sum(weight => PackedCount(weight.Name, weight.Count)) : 0;
        return sizeof(float) * (weights.Sum(weight => weight.Count) + packed);
    }

    private static bool IsDecoderWeight(string name) =>
        name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_quant_conv", StringComparison.Ordinal)
            || name.StartsWith("quantize.", StringComparison.Ordinal);

    /// <summary>The nine weights of an upsampling convolution are packed as sixteen (<see cref="PackedUpsampling"/>).</summary>
    private static long PackedCount(string name, long count) => name.Contains(".upsample.", StringComparison.Ordinal) ? count * 16 / 9 : count;

    /// <summary>
    /// Our engine keeps tables that are read by row in float32. With bfloat16 two fine engines exist while they are timed.
    /// </summary>
    private static long TransformerWeights(BundleManifest manifest, ModelPlacement placement, bool isSimd)
    {
        var bytesPerWeight = placement.Dtype switch
        {
            ModelDtype.Float32 => sizeof(float),
            ModelDtype.Int8 => sizeof(sbyte),
            _ => sizeof(ushort),
        };
        long Bytes(TransformerConfig? config, bool packed) => config is null
            ? 0
            : ShapesOf(() => new ClassConditionalTransformer(config))
                .Sum(weight => weight.Count * (packed && !IsMatrix(weight.Name) ? sizeof(float) : bytesPerWeight));
        return Bytes(manifest.Coarse, isSimd) + Bytes(manifest.Fine, isSimd)
            + (isSimd && placement.Dtype == ModelDtype.BFloat16 ? Bytes(manifest.Fine, packed: false) : 0);
    }

    private static bool IsMatrix(string name) => name.StartsWith("layers.", StringComparison.Ordinal) || name == "output.weight";

    /// <summary>All layers share the memory of one, because a fine pass keeps no keys and values for later.</summary>
    private static long FineCache(TransformerConfig fine, int elementBytes) => FineStage.MaxRows * RowBudget.BytesPerRow(fine, elementBytes) / fine.Layers;

    private static long SimdActivations(BundleManifest manifest, int rows)
    {
        var (coarse, fine) = (manifest.Coarse, manifest.Fine);
        var numbers = PassFloats(coarse, rows) + (2L * rows * coarse.OutputVocabulary);
        if (fine is not null)
        {
            var positions = (long)FineStage.MaxRows * fine.Positions;
            numbers += PassFloats(fine, FineStage.MaxRows * (1L + fine.Positions)) + (positions * (fine.Width + MembersOf(manifest)));
        }

        return sizeof(float) * numbers;
    }

    /// <summary>Residual stream, attention output, queries, keys and values, SwiGLU output; and the scores and factors of each thread.</summary>
    private static long PassFloats(TransformerConfig config, long rows) =>
        (rows * ((5L * config.Width) + config.FeedForwardWidth))
            + (Environment.ProcessorCount * ((config.Heads * (1L + config.Positions)) + config.Width + rows));

    /// <summary>Estimates the members of the largest cluster, which only the map knows: about twice the mean with k-means.</summary>
    private static long MembersOf(BundleManifest manifest) =>
        Math.Min(manifest.Tokenizer.CodebookSize, 2L * manifest.Tokenizer.CodebookSize / manifest.ClusterCount);

    private static long SimdMaps(BundleManifest manifest)
    {
        var (config, cells) = (manifest.Tokenizer, (long)manifest.Coarse.Positions);
        var (padded, plain) = DecoderBuffers.LargestFeatureMaps(config, manifest.Coarse.GridHeight, manifest.Coarse.GridWidth);
        var images = DecoderBuffers.ImagesPerPass(padded, plain, VqDecodeStage.Capacity);
        var deepest = (long)config.BaseWidth * config.DecoderMultipliers[^1];
        var statistics = 2 * plain / FeatureMap.BlockPixels;
        var attention = (images * 2 * cells * deepest) + (Environment.ProcessorCount * FeatureMap.BlockPixels * cells);
        return sizeof(float) * ((images * (padded + (3 * plain) + statistics)) + attention + PixelFloats(manifest));
    }

    private static long PixelFloats(BundleManifest manifest) =>
        (long)VqDecodeStage.Capacity * manifest.ImageWidth * manifest.ImageHeight * VqTokenizer.PixelChannels;

    private static long TorchActivations(BundleManifest manifest, int rows, ModelPlacement placement)
    {
        var (coarse, fine) = (manifest.Coarse, manifest.Fine);
        rows *= TorchWindow.Widest(placement, coarse);
        var step = rows * ((WidthsAtOnce * (long)coarse.Width) + (InnerWidthsAtOnce * coarse.FeedForwardWidth) + (coarse.Heads * (1L + coarse.Positions)));
        var bytes = (sizeof(float) * step) + ((long)SamplingBytes * rows * coarse.OutputVocabulary);
        if (fine is null)
        {
            return bytes;
        }

        var images = placement.Device.type == TorchSharp.DeviceType.CPU ? 1 : FineStage.MaxRows; // as TorchFineEngine
        var pass = images * (1L + fine.Positions) * ((WidthsAtOnce * (long)fine.Width) + (InnerWidthsAtOnce * fine.FeedForwardWidth));
        return bytes + Math.Max(sizeof(float) * pass, 2 * ClusterMembers.DefaultBlockBytes);
    }

    private static long TorchMaps(BundleManifest manifest)
    {
        var (_, plain) = DecoderBuffers.LargestFeatureMaps(manifest.Tokenizer, manifest.Coarse.GridHeight, manifest.Coarse.GridWidth);
        return sizeof(float) * ((VqDecodeStage.Capacity * MapsAtOnce * plain) + PixelFloats(manifest));
    }

    /// <summary>Returns the names and sizes of a module's weights. Allocates no weights.</summary>
    private static List<(string Name, long Count)> ShapesOf(Func<nn.Module> build)
    {
        using var scope = NewDisposeScope();
        using var outline = new ParameterScope(device: META);
        using var module = ParameterScope.Build(build);
        return [.. module.named_parameters().Select(weight => (weight.name, weight.parameter.numel()))];
    }
}
