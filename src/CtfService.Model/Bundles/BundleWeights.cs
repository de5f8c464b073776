using CtfService.Core.Models;
using CtfService.Model.Checkpoints;

namespace CtfService.Model.Bundles;

/// <summary>
/// A checked bundle with open weight files. Each file is opened once and its tensors are read through the handle that was hashed, so replacing a file while the
/// model loads cannot mix two bundles. Created by <see cref="BundleReader.OpenWeights"/>. Not thread-safe.
/// </summary>
internal sealed class BundleWeights : IDisposable
{
    private readonly IReadOnlyDictionary<string, SafetensorsFile> _files;

    /// <param name="files">The files by their names in the bundle; this instance owns them.</param>
    public BundleWeights(Bundle bundle, IReadOnlyDictionary<string, SafetensorsFile> files)
    {
        Bundle = bundle;
        _files = files;
    }

    public Bundle Bundle { get; }

    public SafetensorsFile Tokenizer => _files[BundleFiles.Tokenizer];

    public SafetensorsFile Coarse => _files[BundleFiles.Coarse];

    /// <summary>Null for a plain LlamaGen model.</summary>
    public SafetensorsFile? ClusterMap => _files.GetValueOrDefault(BundleFiles.ClusterMap);

    /// <summary>Null for a plain LlamaGen model.</summary>
    public SafetensorsFile? Fine => _files.GetValueOrDefault(BundleFiles.Fine);

    /// <summary>Null if the bundle has none.</summary>
    public SafetensorsFile? UsualLabels => _files.GetValueOrDefault(BundleFiles.UsualLabels);

    /// <summary>Call after the last tensor is read, to make sure that the tensors are those that were hashed.</summary>
    /// <exception cref="CheckpointException">A file has been written to since it was opened; another attempt may succeed.</exception>
    public void RequireUnchanged()
    {
        foreach (var file in _files.Values)
        {
            file.RequireUnchanged();
        }
    }

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Dispose();
        }
    }
}
