using CtfService.Core.Classes;
using CtfService.Core.Models;

namespace CtfService.Model.Bundles;

/// <summary>A bundle with a checked manifest and checked files; no weights are loaded. Created by <see cref="BundleReader"/>.</summary>
public sealed record Bundle
{
    internal Bundle(string directory, BundleManifest manifest, string hash)
    {
        Directory = directory;
        Manifest = manifest;
        Hash = hash;
    }

    public string Directory { get; }

    public BundleManifest Manifest { get; }

    /// <summary>
    /// The SHA-256 of <c>model.json</c> without its recorded evaluation and expectation, in lower-case hex. It identifies everything that determines an image,
    /// because the manifest contains the hash of every file.
    /// </summary>
    public string Hash { get; }

    public string TokenizerPath => PathOf(BundleFiles.Tokenizer);

    public string CoarsePath => PathOf(BundleFiles.Coarse);

    /// <summary>Null for a plain LlamaGen model, whose cluster map is the identity.</summary>
    public string? ClusterMapPath => Manifest.Fine is null ? null : PathOf(BundleFiles.ClusterMap);

    /// <summary>Null for a plain LlamaGen model.</summary>
    public string? FinePath => Manifest.Fine is null ? null : PathOf(BundleFiles.Fine);

    /// <summary>Describes the model to callers.</summary>
    public ModelDescription Describe() => new()
    {
        Name = Manifest.Name,
        Classes = new ClassCatalog(Manifest.ClassLabels, Manifest.WordNetIds),
        ImageWidth = Manifest.ImageWidth,
        ImageHeight = Manifest.ImageHeight,
        TokenCount = Manifest.Coarse.Positions,
        CodebookSize = Manifest.Tokenizer.CodebookSize,
        ClusterCount = Manifest.ClusterCount,
        HasFineStage = Manifest.Fine is not null,
        DefaultCoarse = Manifest.Sampling.Coarse,
        DefaultFine = Manifest.Sampling.Fine,
        BundleHash = Hash,
    };

    private string PathOf(string name) => Path.Combine(Directory, name);
}
