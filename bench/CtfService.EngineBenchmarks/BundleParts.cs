using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.EngineBenchmarks;

/// <summary>Loads single parts of a bundle for an engine. The caller disposes them.</summary>
public static class BundleParts
{
    /// <summary>Loads the transformer of the coarse stage.</summary>
    public static ClassConditionalTransformer LoadCoarse(string directory)
    {
        var bundle = BundleReader.Open(directory);
        var transformer = new ClassConditionalTransformer(bundle.Manifest.Coarse);
        using var weights = SafetensorsFile.Open(bundle.CoarsePath);
        StateDictLoader.Load(transformer, weights);
        transformer.eval();
        return transformer;
    }

    /// <summary>Loads the tokenizer and returns it with the size of the bundle's token grid.</summary>
    public static (VqTokenizer Tokenizer, (int Height, int Width) Grid) LoadTokenizer(string directory)
    {
        var bundle = BundleReader.Open(directory);
        var tokenizer = new VqTokenizer(bundle.Manifest.Tokenizer with { TracksUsage = false });
        using var weights = SafetensorsFile.Open(bundle.TokenizerPath);
        StateDictLoader.Load(tokenizer, weights);
        return (tokenizer, (bundle.Manifest.Coarse.GridHeight, bundle.Manifest.Coarse.GridWidth));
    }
}
