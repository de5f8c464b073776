using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Training.Experiments.Plan;

/// <summary>Reads an experiment file: JSON, comments allowed, nothing unknown.</summary>
public static class ExperimentFile
{
    /// <summary>How plans, settings and results are written.</summary>
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

    /// <exception cref="InvalidDataException">Not such a file; every problem is named.</exception>
    public static ExperimentPlan Read(string path)
    {
        ExperimentPlan? plan;
        try
        {
            plan = JsonSerializer.Deserialize<ExperimentPlan>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: is not an experiment file: {error.Message} docs/experiments.md describes every field.", error);
        }

        var problems = plan is null ? ["it holds null"] : PlanValidator.Problems(plan).ToList();
        return problems.Count == 0
            ? plan!
            : throw new InvalidDataException($"{path}: cannot be run:{string.Concat(problems.Select(problem => $"{Environment.NewLine}  {problem}"))}");
    }
}
