using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.EngineBenchmarks;

/// <summary>Transformers with random weights, for measuring sizes without a trained model: 16 x 16 positions, 1,000 classes.</summary>
public static class RandomTransformer
{
    /// <summary>The fastest preset, for tests.</summary>
    internal const string Tiny = "tiny";

    private const int GridSide = 16;

    /// <summary>From the smallest to the largest; all but the first are sizes of <see cref="PublishedTransformers"/>.</summary>
    public static IReadOnlyList<string> Presets { get; } = [Tiny, "B", "L", "XL"];

    /// <param name="preset">One of <see cref="Presets"/>.</param>
    /// <param name="vocabulary">Labels that the transformer reads and scores.</param>
    public static TransformerConfig Config(string preset, int vocabulary)
    {
        var size = preset == Tiny
            ? PublishedTransformers.Config("GPT-B", GridSide) with { Layers = 6, Width = 192, Heads = 6 }
            : PublishedTransformers.Config($"GPT-{preset}", GridSide);
        return size with { InputVocabulary = vocabulary, OutputVocabulary = vocabulary };
    }

    /// <summary>Returns a transformer in evaluation mode; the caller disposes it.</summary>
    public static ClassConditionalTransformer Create(TransformerConfig config)
    {
        var transformer = new ClassConditionalTransformer(config);
        nn.init.normal_(transformer.OutputWeight, 0, 0.02); // a new output head is zero, and every label would have the same score
        transformer.eval();
        return transformer;
    }
}
