using System.Text.Json;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Finishing;

/// <summary>A line of <c>rejected.jsonl</c>.</summary>
/// <param name="Index">Place in the data set.</param>
/// <param name="Attempt">Number of images that were rejected at this place before.</param>
/// <param name="Label">Class id that the image was generated with.</param>
/// <param name="Probability">Probability of <paramref name="Label"/>, 0 to 1.</param>
/// <param name="Predicted">Class id that the classifier considers most probable.</param>
internal sealed record RejectedLine(
    int Index, int Attempt, ulong Seed, int Label, string LabelName, double Probability, int Predicted, string? PredictedName = null)
{
    public static string Of(Dataset dataset, RejectedImage image)
    {
        var label = dataset.ClassOf(image.Index);
        var line = new RejectedLine(
            image.Index,
            image.Attempt,
            dataset.Image(image.Index, image.Attempt).Specification.Seed,
            label.Id,
            label.Name,
            image.Probability,
            image.PredictedClass,
            dataset.Model.Classes.Find(image.PredictedClass)?.Name);
        return JsonSerializer.Serialize(line, DatasetJson.OneLine);
    }

    /// <exception cref="JsonException">The line is not one of this program.</exception>
    public static RejectedImage Parse(string line)
    {
        var parsed = JsonSerializer.Deserialize<RejectedLine>(line, DatasetJson.OneLine) ?? throw new JsonException("The line is null.");
        return new RejectedImage(parsed.Index, parsed.Attempt, parsed.Predicted, parsed.Probability);
    }
}
