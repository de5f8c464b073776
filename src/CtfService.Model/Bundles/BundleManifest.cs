using System.Text.Json.Serialization;
using CtfService.Core.Generation;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.Model.Bundles;

/// <summary>
/// The content of <c>model.json</c>: what a bundle contains, how it was made, and how to verify it. Property names are written in snake_case.
/// </summary>
public sealed record BundleManifest
{
    /// <summary>Incremented when an older reader could misread a bundle.</summary>
    public const int CurrentFormatVersion = 1;

    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>The name that callers use.</summary>
    public required string Name { get; init; }

    /// <summary>Pixels.</summary>
    public required int ImageWidth { get; init; }

    /// <summary>Pixels.</summary>
    public required int ImageHeight { get; init; }

    /// <summary>One name for each class, in order of the ids.</summary>
    public required IReadOnlyList<string> ClassLabels { get; init; }

    /// <summary>The WordNet synset of each class if the classes are those of ImageNet; callers may use them as names.</summary>
    [JsonPropertyName("wordnet_ids")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? WordNetIds { get; init; }

    /// <summary>C; equals the codebook size for a plain LlamaGen model.</summary>
    public required int ClusterCount { get; init; }

    public required TokenizerConfig Tokenizer { get; init; }

    public required TransformerConfig Coarse { get; init; }

    /// <summary>Null for a plain LlamaGen model, whose coarse labels are the tokens.</summary>
    public TransformerConfig? Fine { get; init; }

    /// <summary>The settings for requests that do not set them.</summary>
    public required SamplingDefaults Sampling { get; init; }

    /// <summary>How the weights were made: commands, data set, steps, date. Keys and values are free text.</summary>
    public IReadOnlyDictionary<string, string> Training { get; init; } = new Dictionary<string, string>();

    /// <summary>The licence of the training images; null if unknown.</summary>
    public string? DataLicence { get; init; }

    /// <summary>The weight files; set by <see cref="BundleWriter"/>.</summary>
    public IReadOnlyList<BundleFile> Files { get; init; } = [];

    /// <summary>The quality of the images in each weight format; null if it was not recorded. Not part of the bundle's hash.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BundleEvaluation? Evaluation { get; init; }

    /// <summary>What the warm-up image must be; null if it was not recorded. Not part of the bundle's hash.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BundleExpectation? Expected { get; init; }
}

/// <summary>The default sampling settings of both stages.</summary>
/// <param name="Fine">Ignored by a model without a fine stage.</param>
public sealed record SamplingDefaults(SamplingSettings Coarse, SamplingSettings Fine);

/// <summary>One weight file of a bundle.</summary>
/// <param name="Name">One of <see cref="BundleFiles"/>; never a path.</param>
/// <param name="Sha256">In lower-case hex.</param>
/// <param name="Bytes">The length of the file.</param>
public sealed record BundleFile(string Name, string Sha256, long Bytes);
