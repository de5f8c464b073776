using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.EngineBenchmarks;

/// <summary>
/// A bundle with random weights in a temporary folder, for measuring sizes without a trained model. Its coarse stage has the chosen size, its tokenizer and
/// fine stage have the size of the shipped model's, on a grid of 16 x 16. Disposing it deletes the folder.
/// </summary>
public sealed class RandomBundle : IDisposable
{
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

    /// <param name="preset">Size of the coarse stage, one of <see cref="RandomTransformer.Presets"/>.</param>
    /// <param name="guidanceScale">Default guidance of the coarse stage; 1 is off, and an image then takes one row instead of two.</param>
    public RandomBundle(string preset, int clusters, float guidanceScale)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        using var tokenizer = new VqTokenizer(Tokenizer);
        StateDictSaver.Save(tokenizer, PathOf(BundleFiles.Tokenizer));
        int[] clusterOfToken = [.. Enumerable.Range(0, Tokenizer.CodebookSize).Select(token => token % clusters)];
        ClusterMap.FromAssignments(clusterOfToken, tokenizer.Quantizer.Codewords()).Save(PathOf(BundleFiles.ClusterMap));
        var coarse = RandomTransformer.Config(preset, clusters);
        var fine = RandomTransformer.Config(RandomTransformer.Tiny, clusters) with { OutputVocabulary = Tokenizer.CodebookSize, Causal = false };
        Save(coarse, BundleFiles.Coarse);
        Save(fine, BundleFiles.Fine);
        BundleWriter.Write(Directory, new BundleManifest
        {
            Name = $"GPT-{preset} with random weights",
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

    private void Save(TransformerConfig config, string file)
    {
        using var transformer = RandomTransformer.Create(config);
        StateDictSaver.Save(transformer, PathOf(file));
    }
}
