namespace CtfService.Core.Generation;

/// <summary>The names of sampling methods in image files and reports.</summary>
public static class SamplerName
{
    private static readonly (string Name, SamplingMethod Method)[] Names =
    [
        ("gumbel_max", SamplingMethod.GumbelMax),
        ("inverse_cdf", SamplingMethod.InverseCdf),
    ];

    /// <summary>All names, for messages: "gumbel_max, inverse_cdf".</summary>
    public static string List { get; } = string.Join(", ", Names.Select(entry => entry.Name));

    public static string Of(SamplingMethod method) => Names.Single(entry => entry.Method == method).Name;

    /// <summary>Returns the method of a name; null if there is none. A file without a name is older than names and was drawn with the inverse CDF.</summary>
    public static SamplingMethod? Find(string? name) =>
        name is null
            ? SamplingMethod.InverseCdf
            : Names.Where(entry => entry.Name == name).Select(entry => (SamplingMethod?)entry.Method).FirstOrDefault();
}
