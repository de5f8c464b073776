namespace CtfService.Trials.Engine;

/// <summary>A fault that CtfService.FaultyService injects, and how the requests that it concerns end.</summary>
/// <param name="Kind">Name of the fault there.</param>
/// <param name="Code">The code of those requests; null if all images come out right.</param>
/// <param name="Least">Lower limit of the mean number of requests that fail each time.</param>
/// <param name="Most">The most requests that fail each time.</param>
internal sealed record EngineFault(string Kind, string? Code, double Least, int Most)
{
    /// <summary>
    /// All of them. A batch that does not fit is halved, so only an image that was alone fails. Nothing reads the logits of labels that an edit keeps.
    /// </summary>
    public static IReadOnlyList<EngineFault> All { get; } =
    [
        new("OomCoarse", "out_of_device_memory", 0, 1),
        new("OomWindow", "out_of_device_memory", 0, 1),
        new("OomFine", "out_of_device_memory", 0, 1),
        new("OomDecode", "out_of_device_memory", 0, 1),
        new("OomEncode", "out_of_device_memory", 0, 1),
        new("NanCoarse", "not_finite", 0.9, 1),
        new("InfCoarse", "not_finite", 0.9, 1),
        new("NanFine", "not_finite", 1, 1),
        new("NanPixels", "not_finite", 1, 1),
        new("ThrowFine", "generation_failed", 1, 1),
        new("NativeOnce", Code: null, 0, 0),
        new("NativeTwice", "generation_failed", 1, FaultyLoad.Clients),
    ];
}
