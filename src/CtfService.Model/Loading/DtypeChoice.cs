using System.Globalization;
using CtfService.Model.Bundles;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Transformer;

namespace CtfService.Model.Loading;

/// <summary>
/// Chooses the element type on the CPU for <c>auto</c>: the fastest of those that the bundle's evaluation allows (<see cref="FormatRule"/>). Another choice
/// rounds differently, so noise must not change it from start to start: a type replaces another only if it is clearly faster. Float32 is the fallback; among
/// the others the one with fewer bits wins a tie, because it also takes less memory.
/// </summary>
/// <param name="Reason">Why, as a clause for logs and for the user.</param>
internal sealed record DtypeChoice(ModelDtype Dtype, string Reason)
{
    /// <summary>How many times faster a type must be to replace another. The real factors are about 1.6 or more, or below 1.</summary>
    private const double Advantage = 1.3;

    /// <summary>Copies of a model in one process must choose the same, so times are measured once for each architecture.</summary>
    private static readonly Dictionary<(TransformerConfig Coarse, string Types), IReadOnlyDictionary<ModelDtype, StepTimes>> Measured = [];

    private static readonly Lock Measuring = new();

    /// <summary>Chooses for a bundle. Measures for up to a second if the bundle allows several types.</summary>
    public static DtypeChoice Of(BundleWeights weights, CancellationToken cancellation)
    {
        var manifest = weights.Bundle.Manifest;
        return Of(manifest, types =>
        {
            lock (Measuring)
            {
                var key = (manifest.Coarse, string.Join(' ', types));
                if (!Measured.TryGetValue(key, out var times))
                {
                    times = DecodeStepTimer.Measure(manifest.Coarse, WeightSource.Of(weights.Coarse, cancellation), types, cancellation);
                    Measured.Add(key, times);
                }

                return times;
            }
        });
    }

    /// <param name="measure">Returns the times of these types.</param>
    internal static DtypeChoice Of(BundleManifest manifest, Func<IReadOnlyList<ModelDtype>, IReadOnlyDictionary<ModelDtype, StepTimes>> measure)
    {
        IReadOnlyList<ModelDtype> allowed = [.. FormatRule.Allowed(manifest).Select(format => Enum.Parse<ModelDtype>(format, ignoreCase: true))];
        if (allowed.Count == 1)
        {
            return new DtypeChoice(ModelDtype.Float32, $"no other type is known to be as good: {FormatRule.Obstacle(manifest, FormatRule.Formats[^1])}");
        }

        var times = measure(allowed);
        var described = string.Join("; ", allowed.Select(type => string.Create(
            CultureInfo.InvariantCulture, $"{type.ToString().ToLowerInvariant()} {times[type].OfFew:0.000} and {times[type].OfMany:0.000} ms")));
        return new DtypeChoice(
            Fastest(times),
            $"one thread computes {DecodeStepTimer.Few} and {DecodeStepTimer.Many} rows in {described}"
            + $"{(times.Values.First().Layers < manifest.Coarse.Layers ? $" ({times.Values.First().Layers} of {manifest.Coarse.Layers} layers)" : "")}");
    }

    /// <summary>Returns the type to use, given the times of float32 and of others.</summary>
    internal static ModelDtype Fastest(IReadOnlyDictionary<ModelDtype, StepTimes> times)
    {
        var reduced = times.Keys.Where(type => type != ModelDtype.Float32)
            .OrderByDescending(type => type) // fewest bits first
            .Aggregate((chosen, other) => IsClearlyFaster(other, chosen) ? other : chosen);
        return IsClearlyFaster(reduced, ModelDtype.Float32) ? reduced : ModelDtype.Float32;

        bool IsClearlyFaster(ModelDtype type, ModelDtype than) => times[type].Cost * Advantage < times[than].Cost;
    }
}
