using System.Globalization;
using System.Numerics;
using System.Text.Json.Serialization;

namespace CtfService.Core.Generation;

/// <summary>Sampling settings of one stage. Applied in the order of the reference implementation: guidance, temperature, top-k, top-p.</summary>
/// <param name="Temperature">Divisor of the logits, 0 to 1,000; values below 1e-5 act as 1e-5 (nearly greedy).</param>
/// <param name="TopK">Keeps the k highest logits, and ties with the k-th, 0 or more; 0 keeps all.</param>
/// <param name="TopP">Keeps the smallest set whose probability exceeds p, 0 to 1; 1 keeps all.</param>
/// <param name="GuidanceScale">Classifier-free guidance: uncond + scale * (cond - uncond), 1 to 1,000; 1 means off.</param>
/// <param name="GuidanceInterval">
/// The cfg_interval c of the reference implementation: positions 0 to c+1 in raster order are guided, later ones use the conditional logits alone; -1
/// guides every position. Applies to the coarse stage, which decodes position by position; the fine stage is one pass and ignores it.
/// </param>
public sealed record SamplingSettings(
    float Temperature = 1, int TopK = 0, float TopP = 1, float GuidanceScale = 1, int GuidanceInterval = SamplingSettings.AlwaysGuided)
{
    /// <summary>The <see cref="GuidanceInterval"/> that guides every position.</summary>
    public const int AlwaysGuided = -1;

    /// <summary>True if the stage needs a second, unconditional row.</summary>
    [JsonIgnore]
    public bool IsGuided => GuidanceScale > 1;

    /// <summary>Last position that guidance applies to.</summary>
    [JsonIgnore]
    public long LastGuidedPosition => GuidanceInterval == AlwaysGuided ? long.MaxValue : GuidanceInterval + 1L;

    /// <summary>Range of <see cref="Temperature"/>.</summary>
    public static NumberRange<float> TemperatureRange { get; } = NumberRange.Between(0f, 1000f);

    /// <summary>Range of <see cref="TopK"/>.</summary>
    public static NumberRange<int> TopKRange { get; } = NumberRange.From(0);

    /// <summary>Range of <see cref="TopP"/>.</summary>
    public static NumberRange<float> TopPRange { get; } = NumberRange.Between(0f, 1f);

    /// <summary>Range of <see cref="GuidanceScale"/>. Much larger scales make the logits infinite.</summary>
    public static NumberRange<float> GuidanceScaleRange { get; } = NumberRange.Between(1f, 1000f);

    /// <summary>Range of <see cref="GuidanceInterval"/>.</summary>
    public static NumberRange<int> GuidanceIntervalRange { get; } = NumberRange.From(AlwaysGuided);

    /// <summary>Returns a description of each value that is out of range; empty if all are in range.</summary>
    /// <param name="name">Name of the settings in the messages, such as <c>sampling.coarse</c>.</param>
    public IEnumerable<string> Problems(string name)
    {
        string?[] problems =
        [
            Problem($"{name}.temperature", Temperature, TemperatureRange),
            Problem($"{name}.top_k", TopK, TopKRange),
            Problem($"{name}.top_p", TopP, TopPRange),
            Problem($"{name}.guidance_scale", GuidanceScale, GuidanceScaleRange),
            Problem($"{name}.guidance_interval", GuidanceInterval, GuidanceIntervalRange),
        ];
        return problems.OfType<string>();
    }

    private static string? Problem<T>(string name, T value, NumberRange<T> range)
        where T : struct, INumber<T> =>
        range.Contains(value) ? null : string.Create(CultureInfo.InvariantCulture, $"{name} is {value}, expected {range}");
}
