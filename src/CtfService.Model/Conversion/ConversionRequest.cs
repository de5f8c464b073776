using static TorchSharp.torch;

namespace CtfService.Model.Conversion;

/// <summary>What a bundle is to be made of. Weight files are PyTorch's or safetensors.</summary>
public sealed record ConversionRequest
{
    public required string TokenizerPath { get; init; }

    /// <summary>The causal transformer: over the tokens for a plain LlamaGen model, over the clusters with a fine stage.</summary>
    public required string CoarsePath { get; init; }

    /// <summary>The transformer with full attention; null for a plain LlamaGen model.</summary>
    public string? FinePath { get; init; }

    /// <summary>
    /// A cluster map as <c>ctf cluster</c> writes it, or any file of PyTorch, safetensors or NumPy with one integer tensor [K]; needs <see cref="FinePath"/>.
    /// </summary>
    public string? ClusterMapPath { get; init; }

    /// <summary>Tokens of a cluster, 1 to K, a divisor of K, if the map is an order of the tokens; null if it holds the clusters.</summary>
    public int? ClusterSize { get; init; }

    /// <summary>Clusters the codebook by k-means instead of reading a map.</summary>
    public int? Clusters { get; init; }

    public ulong ClusterSeed { get; init; }

    /// <summary>Folder of the bundle: a new or an empty one, or, to <see cref="Overwrite"/>, one that holds a bundle.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>Replace the bundle that the folder holds.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Name that callers use.</summary>
    public required string Name { get; init; }

    /// <summary>Pixels; null takes it from the end of the transformer's file name (<c>c2i_L_384.pt</c>), or 256.</summary>
    public int? ImageSize { get; init; }

    /// <summary>For a coarse stage of no published size.</summary>
    public int CoarseHeads { get; init; }

    /// <summary>For a fine stage of no published size.</summary>
    public int FineHeads { get; init; }

    /// <summary>A text file with one class name a line; null takes ImageNet's names for 1,000 classes and numbers otherwise.</summary>
    public string? ClassNamesPath { get; init; }

    /// <summary>Default guidance of the coarse stage; null takes the published one.</summary>
    public float? GuidanceScale { get; init; }

    /// <summary>Element type to store transformers in; null keeps what the files have. The tokenizer keeps its own.</summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>Take averaged weights where a file has them.</summary>
    public bool PreferEma { get; init; }

    public string? DataLicence { get; init; }
}
