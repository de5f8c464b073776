using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Storage;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>
/// Packs trained parts into a bundle that the service loads, with weights in half precision. If each codeword is its own cluster, the bundle is a plain
/// LlamaGen model without cluster map and fine stage.
/// </summary>
public static class BundlePacker
{
    /// <summary>State of the training that serving does not need; half precision could not hold its token ids.</summary>
    private const string UsageHistory = "quantize.codebook_used";

    /// <exception cref="CheckpointException">A part is missing, or the parts do not belong together.</exception>
    /// <param name="directory">Folder of the bundle; the bundle in it is replaced as a whole, other files stay.</param>
    /// <param name="usual">The usual labels of the training images; null for a bundle without them.</param>
    public static Bundle Pack(TrainedParts parts, string directory, BundleText text, UsualLabels? usual = null)
    {
        var map = ClusterMap.Load(parts.ClusterMap);
        PartsValidator.Require(parts, map);
        var fine = map.IsIdentity ? null : parts.Fine;
        return BundleWriter.Replace(directory, folder =>
        {
            SaveHalf(parts.Tokenizer, Path.Combine(folder, BundleFiles.Tokenizer));
            SaveHalf(parts.Coarse, Path.Combine(folder, BundleFiles.Coarse));
            if (fine is not null)
            {
                SaveHalf(fine, Path.Combine(folder, BundleFiles.Fine));
                AtomicFile.Copy(parts.ClusterMap, Path.Combine(folder, BundleFiles.ClusterMap));
            }

            usual?.Save(Path.Combine(folder, BundleFiles.UsualLabels));
            return Manifest(parts, text, map, fine);
        });
    }

    private static BundleManifest Manifest(TrainedParts parts, BundleText text, ClusterMap map, string? fine)
    {
        var tokenizer = ModelFile.Config<TokenizerConfig>(parts.Tokenizer) with { TracksUsage = false };
        var coarse = ModelFile.Config<TransformerConfig>(parts.Coarse);
        return new BundleManifest
        {
            Name = text.Name,
            ImageWidth = coarse.GridWidth * tokenizer.DownsampleFactor,
            ImageHeight = coarse.GridHeight * tokenizer.DownsampleFactor,
            ClassLabels = text.ClassNames,
            ClusterCount = map.ClusterCount,
            Tokenizer = tokenizer,
            Coarse = coarse,
            Fine = fine is null ? null : ModelFile.Config<TransformerConfig>(fine),
            Sampling = text.Sampling,
            Training = text.Training,
            DataLicence = text.DataLicence,
        };
    }

    private static void SaveHalf(string source, string target)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(source);
        var weights = file.Entries.Where(entry => entry.Name != UsageHistory).Select(entry => (entry.Name, file.Read(entry.Name)));
        SafetensorsWriter.Write(target, weights, castFloatingTo: ScalarType.Float16, requireFinite: true);
    }
}

/// <summary>Paths of the files that the training commands wrote.</summary>
/// <param name="Fine">Ignored if each codeword is its own cluster.</param>
public sealed record TrainedParts(string Tokenizer, string ClusterMap, string Coarse, string Fine);

/// <summary>The content of a manifest besides the architecture.</summary>
public sealed record BundleText(
    string Name, IReadOnlyList<string> ClassNames, SamplingDefaults Sampling, IReadOnlyDictionary<string, string> Training, string? DataLicence);
