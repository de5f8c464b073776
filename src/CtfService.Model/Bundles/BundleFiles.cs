namespace CtfService.Model.Bundles;

/// <summary>The closed list of files in a bundle.</summary>
public static class BundleFiles
{
    public const string Manifest = "model.json";
    public const string Tokenizer = "tokenizer.safetensors";
    public const string ClusterMap = "cluster-map.safetensors";
    public const string Coarse = "coarse.safetensors";
    public const string Fine = "fine.safetensors";

    /// <summary>Optional, in every kind of bundle.</summary>
    public const string UsualLabels = "usual-labels.safetensors";

    /// <summary>All files that a bundle may have.</summary>
    public static IReadOnlyList<string> All { get; } = [Manifest, Tokenizer, ClusterMap, Coarse, Fine, UsualLabels];

    /// <summary>Returns the weight files that a bundle must have. Without a fine stage there is no cluster map.</summary>
    public static IReadOnlyList<string> Of(BundleManifest manifest) =>
        manifest.Fine is null ? [Tokenizer, Coarse] : [Tokenizer, ClusterMap, Coarse, Fine];
}
