using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// A bundle of random weights in a temporary folder, for figures of sizes that nobody has trained here: the coarse stage of a preset, the tokenizer and the fine
/// stage of the model that ships, on a grid of 16 x 16.
/// </summary>
internal sealed class RandomBundle : IDisposable
{
    private const string FinePreset = "tiny";

    private static readonly TokenizerConfig Tokenizer = new()
    {
        BaseWidth = 32,
        EncoderMultipliers = [1, 3, 4],
        DecoderMultipliers = [1, 3, 4],
        ResidualBlocks = 1,
        LatentWidth = 128,
        CodebookSize = 16384,
        PatchSize = 2,
        TracksUsage = false,
    };

    private readonly DirectoryInfo _folder = System.IO.Directory.CreateTempSubdirectory("ctf-bench-");

    /// <param name="preset">Size of the coarse stage, a name of <see cref="DecodePreset"/>.</param>
    /// <param name="guidanceScale">Of both stages' defaults; 1 is off and takes one row an image.</param>
    public RandomBundle(string preset, int clusters, float guidanceScale)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        using var tokenizer = new VqTokenizer(Tokenizer);
        StateDictSaver.Save(tokenizer, PathOf(BundleFiles.Tokenizer));
        int[] clusterOfToken = [.. Enumerable.Range(0, Tokenizer.CodebookSize).Select(token => token % clusters)];
        ClusterMap.FromAssignments(clusterOfToken, tokenizer.Quantizer.Codewords()).Save(PathOf(BundleFiles.ClusterMap));
        var coarse = DecodePreset.Config(preset, clusters);
        var fine = DecodePreset.Config(FinePreset, clusters) with { OutputVocabulary = Tokenizer.CodebookSize, Causal = false };
        Save(coarse, BundleFiles.Coarse);
        Save(fine, BundleFiles.Fine);
        BundleWriter.Write(Directory, new BundleManifest
        {
            Name = $"GPT-{preset} of random weights",
            ImageWidth = coarse.GridWidth * Tokenizer.DownsampleFactor,
            ImageHeight = coarse.GridHeight * Tokenizer.DownsampleFactor,
            ClassLabels = [.. Enumerable.Range(0, coarse.ClassCount).Select(id => $"class_{id}")],
            ClusterCount = clusters,
            Tokenizer = Tokenizer,
            Coarse = coarse,
            Fine = fine,
            Sampling = new SamplingDefaults(new SamplingSettings(GuidanceScale: guidanceScale), new SamplingSettings()),
        });
    }

    public string Directory => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    private string PathOf(string file) => Path.Combine(Directory, file);

    /// <summary>A fresh head is zero and would draw every label alike.</summary>
    private void Save(TransformerConfig config, string file)
    {
        using var transformer = new ClassConditionalTransformer(config);
        nn.init.normal_(transformer.OutputWeight, 0, 0.02);
        StateDictSaver.Save(transformer, PathOf(file));
    }
}
