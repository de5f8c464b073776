using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.Model.Tests.Bundles;

/// <summary>A valid manifest for tests to change, and its files, whose content the reader does not interpret.</summary>
internal static class TinyManifest
{
    public static BundleManifest Create()
    {
        var coarse = new TransformerConfig
        {
            Width = 16,
            Layers = 2,
            Heads = 2,
            InputVocabulary = 8,
            OutputVocabulary = 8,
            ClassCount = 3,
            GridHeight = 4,
            GridWidth = 2,
            Causal = true,
        };
        return new BundleManifest
        {
            Name = "tiny",
            ImageWidth = 4,
            ImageHeight = 8,
            ClassLabels = ["apple", "pear", "plum"],
            ClusterCount = 8,
            Tokenizer = new TokenizerConfig { BaseWidth = 32, EncoderMultipliers = [1, 2], DecoderMultipliers = [1, 2], CodebookSize = 64 },
            Coarse = coarse,
            Fine = coarse with { OutputVocabulary = 64, Causal = false },
            Sampling = new SamplingDefaults(new SamplingSettings(1.1f, 0, 1, 2), new SamplingSettings(0.9f)),
            Training = new Dictionary<string, string> { ["steps"] = "100" },
            DataLicence = "MIT",
        };
    }

    /// <summary>The same tokenizer with a plain LlamaGen model.</summary>
    public static BundleManifest CreatePlain()
    {
        var manifest = Create();
        return manifest with { ClusterCount = 64, Coarse = manifest.Coarse with { InputVocabulary = 64, OutputVocabulary = 64 }, Fine = null };
    }

    public static void WriteFiles(string directory)
    {
        foreach (var name in BundleFiles.Of(Create()))
        {
            File.WriteAllText(Path.Combine(directory, name), $"content of {name}");
        }
    }
}
