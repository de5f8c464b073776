using System.Text.Json;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Finishing;

/// <summary>
/// The file <c>dataset.json</c>: what a data set consists of, and how to make it again. Written last, so its presence means that all is complete.
/// </summary>
/// <param name="FormatVersion">Version of this file, 1.</param>
/// <param name="Width">Width of an image, pixels.</param>
/// <param name="Height">Height of an image, pixels.</param>
/// <param name="Shards">Shard files in order; empty if they were parts of the final file.</param>
/// <param name="Rejected">Number of images that the filter rejected and others replace; null without a filter.</param>
public sealed record DatasetManifest(
    int FormatVersion,
    DatasetOrigin Origin,
    DatasetPlan Plan,
    int Images,
    int Width,
    int Height,
    IReadOnlyList<ClassImages> Classes,
    IReadOnlyList<ShardImages> Shards,
    int? Rejected = null)
{
    public const string FileName = "dataset.json";

    private const int CurrentFormatVersion = 1;

    /// <summary>Reads the manifest of a folder; returns null if it has none.</summary>
    /// <exception cref="InvalidDataException">The file is not a manifest of this program.</exception>
    public static DatasetManifest? Find(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<DatasetManifest>(File.ReadAllText(path), DatasetJson.OneLine) : null;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: does not describe a data set of this program: {error.Message} Choose another folder.", error);
        }
    }

    /// <param name="shards">Numbers of the shards that are there.</param>
    public static DatasetManifest Of(ShardFormat format, IReadOnlyList<int> shards, int rejected)
    {
        var dataset = format.Dataset;
        var images = dataset.Indices(shards).CountBy(index => dataset.ClassOf(index).Id).ToDictionary();
        return new DatasetManifest(
            CurrentFormatVersion,
            DatasetOrigin.Of(dataset.Model),
            dataset.Plan,
            images.Values.Sum(),
            dataset.Model.ImageWidth,
            dataset.Model.ImageHeight,
            [.. dataset.Model.Classes.Labels.Select(label => new ClassImages(label.Id, label.Name, images.GetValueOrDefault(label.Id)))],
            [.. (format.ShardsAreParts ? [] : shards).Select(dataset.Shard).Select(shard => new ShardImages(format.ShardName(shard.Number), shard.Count))],
            dataset.Plan.Filter is null ? null : rejected);
    }
}

/// <summary>A class and the number of its images.</summary>
public sealed record ClassImages(int Id, string Name, int Images);

/// <summary>A shard file and the number of its images.</summary>
public sealed record ShardImages(string File, int Images);
