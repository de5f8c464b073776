using static TorchSharp.torch;

namespace CtfService.Model.Conversion;

/// <summary>The input of a conversion. Weight files are in PyTorch or safetensors format.</summary>
public sealed record ConversionRequest
{
    public required string TokenizerPath { get; init; }

    /// <summary>The causal transformer: over the tokens for a plain LlamaGen model, over the clusters with a fine stage.</summary>
    public required string CoarsePath { get; init; }

    /// <summary>The transformer with full attention; null for a plain LlamaGen model.</summary>
    public string? FinePath { get; init; }

    /// <summary>
    /// A cluster map written by <c>ctf cluster</c>, or any PyTorch, safetensors or NumPy file with one integer tensor [K]; requires <see cref="FinePath"/>.
    /// </summary>
    public string? ClusterMapPath { get; init; }

    /// <summary>Tokens per cluster, a divisor of K, if the map is an order of the tokens; null if it contains clusters.</summary>
    public int? ClusterSize { get; init; }

    /// <summary>The number of clusters to compute by k-means instead of reading a map.</summary>
    public int? Clusters { get; init; }

    public ulong ClusterSeed { get; init; }

    /// <summary>The folder of the bundle: new, empty, or with <see cref="Overwrite"/> one that contains a bundle.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>Replaces the bundle in the folder.</summary>
    public bool Overwrite { get; init; }

    /// <summary>The name that callers use.</summary>
    public required string Name { get; init; }

    /// <summary>In pixels; null takes it from the end of the transformer's file name (<c>c2i_L_384.pt</c>), or 256.</summary>
    public int? ImageSize { get; init; }

    /// <summary>The number of heads of a coarse stage whose size is not published.</summary>
    public int CoarseHeads { get; init; }

    /// <summary>The number of heads of a fine stage whose size is not published.</summary>
    public int FineHeads { get; init; }

    /// <summary>A text file with one class name per line; null uses the names of ImageNet for 1,000 classes, and numbers otherwise.</summary>
    public string? ClassNamesPath { get; init; }

    /// <summary>The default guidance scale of the coarse stage; null uses the published one.</summary>
    public float? GuidanceScale { get; init; }

    /// <summary>The dtype to store the transformers in; null keeps that of the files. The tokenizer always keeps its own.</summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>Whether the tokenizer scales latents and codewords to unit length, as the published ones do; no weight tells.</summary>
    public bool NormalizeCodewords { get; init; } = true;

    /// <summary>Uses the averaged weights of files that have them.</summary>
    public bool PreferEma { get; init; }

    public string? DataLicence { get; init; }
}
