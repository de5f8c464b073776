using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Core.Generation;

namespace CtfService.Api.Validation;

/// <summary>Checks the sampling of one stage and fills in the model's defaults.</summary>
internal static class SamplingChoice
{
    /// <param name="prefix">Prefix of the fields' names in the request: "", "fine." or "fine_".</param>
    public static SamplingSettings Choose(SamplingRequest asked, SamplingSettings defaults, string prefix, LimitsOptions limits, RequestProblems problems)
    {
        problems.RequireRange(asked.Temperature, 0, limits.MaxTemperature, $"{prefix}temperature", "Limits:MaxTemperature");
        problems.RequireRange(asked.TopK, 0, int.MaxValue, $"{prefix}top_k");
        problems.RequireRange(asked.GuidanceScale, 1, limits.MaxGuidanceScale, $"{prefix}guidance_scale", "Limits:MaxGuidanceScale");
        if (asked.TopP is <= 0 or > 1)
        {
            problems.Add($"{prefix}top_p", "out_of_range", FormattableString.Invariant($"{prefix}top_p is {asked.TopP}; expected above 0 and at most 1."));
        }

        return defaults with
        {
            Temperature = asked.Temperature ?? defaults.Temperature,
            TopK = asked.TopK ?? defaults.TopK,
            TopP = asked.TopP ?? defaults.TopP,
            GuidanceScale = asked.GuidanceScale ?? defaults.GuidanceScale,
        };
    }
}
