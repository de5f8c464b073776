using System.Text.Json;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Finishing;

/// <summary>Lists of images as JSON Lines.</summary>
internal static class MetadataLines
{
    /// <summary>Returns a line for each image of an ImageFolder.</summary>
    public static IEnumerable<string> Images(ImagefolderFormat format, IReadOnlyList<int> shards, IReadOnlyList<RejectedImage> rejected)
    {
        var dataset = format.Dataset;
        var attempts = rejected.CountBy(image => image.Index).ToDictionary();
        foreach (var index in dataset.Indices(shards))
        {
            var label = dataset.ClassOf(index);
            var seed = dataset.Image(index, attempts.GetValueOrDefault(index)).Specification.Seed;
            yield return Line(new { FileName = format.FileName(index), Label = label.Id, LabelName = label.Name, Seed = seed });
        }
    }

    /// <summary>Returns a line for each rejected image, in the order of the data set.</summary>
    public static IEnumerable<string> Rejected(Dataset dataset, IEnumerable<RejectedImage> rejected) =>
        rejected.OrderBy(image => image.Index).ThenBy(image => image.Attempt).Select(image => RejectedLine.Of(dataset, image));

    private static string Line<T>(T value) => JsonSerializer.Serialize(value, DatasetJson.OneLine);
}
