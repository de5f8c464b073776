using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>What is wrong with sampling settings that were read from a file.</summary>
internal static class SamplingProblems
{
    /// <param name="name">Where the settings stand, for the messages.</param>
    public static IEnumerable<string> Of(string name, SamplingSettings sampling)
    {
        (bool IsRight, string Problem)[] rules =
        [
            (sampling.Temperature >= 0 && float.IsFinite(sampling.Temperature), $"{name}.temperature is {sampling.Temperature}, expected at least 0"),
            (sampling.GuidanceInterval >= SamplingSettings.AlwaysGuided, $"{name}.guidance_interval is {sampling.GuidanceInterval}, expected {SamplingSettings.AlwaysGuided} (always) or more"),
            (sampling.TopK >= 0, $"{name}.top_k is {sampling.TopK}, expected at least 0"),
            (sampling.TopP is >= 0 and <= 1, $"{name}.top_p is {sampling.TopP}, expected 0 to 1"),
            (sampling.GuidanceScale >= 1 && float.IsFinite(sampling.GuidanceScale), $"{name}.guidance_scale is {sampling.GuidanceScale}, expected at least 1"),
        ];
        return rules.Where(rule => !rule.IsRight).Select(rule => rule.Problem);
    }
}
