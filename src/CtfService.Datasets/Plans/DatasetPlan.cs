using System.Text.Json.Serialization;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Datasets.Plans;

/// <summary>
/// Everything that determines a data set of a model: with the same plan, model and arithmetic all its files have the same bytes. It names classes by id, so it
/// belongs to one model. <see cref="DatasetJson"/> stores it as JSON.
/// </summary>
public sealed record DatasetPlan
{
    /// <summary>Default number of images in a shard.</summary>
    public const int DefaultShardSize = 1000;

    /// <summary>Default of <see cref="Name"/>.</summary>
    public const string DefaultName = "images";

    /// <summary>Regular expression of a valid <see cref="Name"/>. A dot would end the key of a WebDataset sample.</summary>
    public const string NamePattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?!\\n)$"; // not \\z, which JavaScript does not have

    /// <summary>Range of the number of images of a data set.</summary>
    public static NumberRange<int> TotalRange { get; } = NumberRange.Between(1, 10_000_000);

    /// <summary>Range of <see cref="ShardSize"/>.</summary>
    public static NumberRange<int> ShardSizeRange { get; } = NumberRange.Between(1, 100_000);

    /// <summary>Range of <see cref="Quality"/>.</summary>
    public static NumberRange<int> QualityRange { get; } = NumberRange.Between(0, 100);

    /// <summary>Number of images of each class, by class id; classes without images have 0.</summary>
    public required IReadOnlyList<int> Counts { get; init; }

    /// <summary>Seed that the seed of every image is derived from.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Sampling of the coarse labels.</summary>
    public required SamplingSettings Coarse { get; init; }

    /// <summary>Sampling of the fine labels.</summary>
    public required SamplingSettings Fine { get; init; }

    public required DatasetFormat Format { get; init; }

    /// <summary>Format of the image files. <see cref="DatasetFormat.Npz"/> stores pixels and ignores it.</summary>
    public ImageFormat ImageFormat { get; init; } = ImageFormat.Png;

    /// <summary>Quality of JPEG and WebP, 0 to 100; PNG is lossless and ignores it.</summary>
    public int Quality { get; init; } = ImageCodec.DefaultQuality;

    /// <summary>Images in every shard but the last.</summary>
    public int ShardSize { get; init; } = DefaultShardSize;

    /// <summary>Start of the names of shards and image files.</summary>
    public string Name { get; init; } = DefaultName;

    /// <summary>The classifier that every image must pass; null to keep all images.</summary>
    public ImageFilter? Filter { get; init; }

    /// <summary>Number of images of the data set.</summary>
    [JsonIgnore]
    public long Total => Counts.Sum(count => (long)count);

    /// <summary>Returns a description of each value that is out of range; empty if the plan is valid. Names fields as the JSON does.</summary>
    /// <param name="classes">Number of classes of the model.</param>
    public IEnumerable<string> Problems(int classes)
    {
        var lowest = Counts.Count == 0 ? 0 : Counts.Min();
        (bool IsRight, string Problem)[] rules =
        [
            (Counts.Count == classes, $"counts has {Counts.Count} numbers, expected {classes}, one for each class of the model"),
            (lowest >= 0, $"counts has the number {lowest}, expected 0 or more"),
            (lowest < 0 || Total is >= 1 && Total <= TotalRange.Most, $"counts adds up to {Total} images, expected {TotalRange}"),
            (QualityRange.Contains(Quality), $"quality is {Quality}, expected {QualityRange}"),
            (ShardSizeRange.Contains(ShardSize), $"shard_size is {ShardSize}, expected {ShardSizeRange}"),
            (System.Text.RegularExpressions.Regex.IsMatch(Name, NamePattern),
                $"name is '{Name}', expected 1 to 64 letters, digits, hyphens and underscores, the first a letter or digit"),
            (Filter is null or { MinProbability: > 0 and <= 1 }, $"filter.min_probability is {Filter?.MinProbability}, expected above 0, up to 1"),
        ];
        return rules.Where(rule => !rule.IsRight).Select(rule => rule.Problem).Concat(Coarse.Problems("coarse")).Concat(Fine.Problems("fine"));
    }
}

/// <summary>A classifier must name the class of an image with at least a probability; otherwise another image takes its place.</summary>
/// <param name="Classifier">SHA-256 of the classifier file, in lower-case hex.</param>
/// <param name="MinProbability">Above 0, up to 1.</param>
public sealed record ImageFilter(string Classifier, double MinProbability);
