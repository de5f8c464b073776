using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Training.Experiments.Plan;

/// <summary>Reads an experiment file: JSON with comments; unknown fields are errors.</summary>
public static class ExperimentFile
{
    /// <summary>Options for writing plans, settings and results.</summary>
    internal static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        IgnoreReadOnlyProperties = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        WriteIndented = true,
        NewLine = "\n",
    };

    /// <summary>Reads and validates a plan.</summary>
    /// <exception cref="InvalidDataException">The file is invalid; the message names every problem.</exception>
    public static ExperimentPlan Read(string path)
    {
        ExperimentPlan? plan;
        try
        {
            plan = JsonSerializer.Deserialize<ExperimentPlan>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: is not a valid experiment file: {error.Message} docs/experiments.md describes every field.", error);
        }

        var problems = plan is null ? ["the file contains null"] : PlanValidator.Problems(plan).ToList();
        return problems.Count == 0
            ? plan!
            : throw new InvalidDataException($"{path}: cannot be run:{string.Concat(problems.Select(problem => $"{Environment.NewLine}  {problem}"))}");
    }
}
