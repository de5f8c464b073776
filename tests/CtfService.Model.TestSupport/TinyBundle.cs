using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.TestSupport;

/// <summary>A bundle of random weights that is written in milliseconds: 16x16 pixels, 4x4 tokens, 64 codewords, 8 clusters, 5 classes.</summary>
public sealed class TinyBundle : IDisposable
{
    public const int Clusters = 8;
    public const int Codewords = 64;
    public const int Classes = 5;
    public const int Positions = 16;

    private readonly TemporaryFolder _folder = new();
    private readonly int _scale;
    private readonly int _classes;

    /// <param name="plain">A plain LlamaGen model: coarse labels are tokens, no fine stage.</param>
    /// <param name="feedForwardWidth">The feed-forward width of the transformers; null for the reference's rule.</param>
    /// <param name="scale">The factor of every width and of the token grid's sides.</param>
    /// <param name="classes">The number of classes.</param>
    public TinyBundle(bool plain = false, int? feedForwardWidth = null, int scale = 1, int classes = Classes)
    {
        (_scale, _classes) = (scale, classes);
        using var scope = NewDisposeScope();
        var tokenizerConfig = new TokenizerConfig
        {
            BaseWidth = 32 * scale,
            EncoderMultipliers = [1, 1, 1],
            DecoderMultipliers = [1, 1, 1],
            ResidualBlocks = 1,
            LatentWidth = 32 * scale,
            CodebookSize = Codewords,
            TracksUsage = false,
        };
        using var tokenizer = new VqTokenizer(tokenizerConfig);
        SeededWeights.Draw(tokenizer, seed: 7, (_, parameter, generator) => parameter.ndim > 1 ? SeededWeights.OfLayer(parameter, generator) : null);
        StateDictSaver.Save(tokenizer, Path.Combine(Directory, BundleFiles.Tokenizer));
        var clusters = plain ? Codewords : Clusters;
        var coarse = Transformer(clusters, clusters, causal: true, BundleFiles.Coarse, feedForwardWidth);
        var fine = plain ? null : Transformer(Clusters, Codewords, causal: false, BundleFiles.Fine, feedForwardWidth);
        if (!plain)
        {
            ClusterMap.Compute(tokenizer.Quantizer.Codewords(), Clusters, seed: 0).Save(Path.Combine(Directory, BundleFiles.ClusterMap));
        }

        BundleWriter.Write(Directory, new BundleManifest
        {
            Name = "tiny",
            ImageWidth = 16 * scale,
            ImageHeight = 16 * scale,
            ClassLabels = [.. Enumerable.Range(0, classes).Select(id => $"class_{id}")],
            ClusterCount = clusters,
            Tokenizer = tokenizerConfig,
            Coarse = coarse,
            Fine = fine,
            Sampling = new SamplingDefaults(new SamplingSettings(), new SamplingSettings()),
        });
    }

    public string Directory => _folder.Root;

    public void Dispose() => _folder.Dispose();

    private TransformerConfig Transformer(int inputs, int outputs, bool causal, string file, int? feedForwardWidth)
    {
        var config = new TransformerConfig
        {
            Width = 32 * _scale,
            Layers = 2,
            Heads = 4,
            InputVocabulary = inputs,
            OutputVocabulary = outputs,
            ClassCount = _classes,
            GridHeight = 4 * _scale,
            GridWidth = 4 * _scale,
            Causal = causal,
            FeedForwardMultiple = 32,
            GivenFeedForwardWidth = feedForwardWidth,
        };
        using var transformer = new ClassConditionalTransformer(config);
        SeededWeights.Draw( // a fresh head is zero and gives all labels the same logits
            transformer, seed: causal ? 8ul : 9ul, (_, parameter, generator) => parameter.ndim == 2 ? SeededWeights.Normal(parameter, 0.3, generator) : null);

        StateDictSaver.Save(transformer, Path.Combine(Directory, file));
        return config;
    }
}
