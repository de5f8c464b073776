using System.Text.Json.Serialization;
using CtfService.Core.Generation;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;

namespace CtfService.Model.Bundles;

/// <summary>
/// <c>model.json</c>: what a bundle holds, how it was made and how to check it. Property names are written in snake_case.
/// </summary>
public sealed record BundleManifest
{
    /// <summary>Raised when an older reader could misread a bundle.</summary>
    public const int CurrentFormatVersion = 1;

    public int FormatVersion { get; init; } = CurrentFormatVersion;

    /// <summary>Name callers use.</summary>
    public required string Name { get; init; }

    /// <summary>Pixels.</summary>
    public required int ImageWidth { get; init; }

    /// <summary>Pixels.</summary>
    public required int ImageHeight { get; init; }

    /// <summary>One name per class, in order of the ids.</summary>
    public required IReadOnlyList<string> ClassLabels { get; init; }

    /// <summary>WordNet synset of each class, where the classes are ImageNet's; callers may use them as names.</summary>
    [JsonPropertyName("wordnet_ids")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? WordNetIds { get; init; }

    /// <summary>C; equals the codebook size for a plain LlamaGen model.</summary>
    public required int ClusterCount { get; init; }

    public required TokenizerConfig Tokenizer { get; init; }

    public required TransformerConfig Coarse { get; init; }

    /// <summary>Null for a plain LlamaGen model, whose coarse labels are the tokens.</summary>
    public TransformerConfig? Fine { get; init; }

    /// <summary>Used where a request does not say.</summary>
    public required SamplingDefaults Sampling { get; init; }

    /// <summary>How the weights came about: commands, data set, steps, date; free text by free keys.</summary>
    public IReadOnlyDictionary<string, string> Training { get; init; } = new Dictionary<string, string>();

    /// <summary>Licence of the training images; null where unknown.</summary>
    public string? DataLicence { get; init; }

    /// <summary>The weight files; filled in by <see cref="BundleWriter"/>.</summary>
    public IReadOnlyList<BundleFile> Files { get; init; } = [];
}

/// <summary>Sampling of both stages.</summary>
/// <param name="Fine">Ignored by a model without a fine stage.</param>
public sealed record SamplingDefaults(SamplingSettings Coarse, SamplingSettings Fine);

/// <summary>One weight file of a bundle.</summary>
/// <param name="Name">One of <see cref="BundleFiles"/>; never a path.</param>
/// <param name="Sha256">Lower-case hex.</param>
/// <param name="Bytes">Length.</param>
public sealed record BundleFile(string Name, string Sha256, long Bytes);
