using System.Globalization;
using System.Numerics;

namespace CtfService.Core.Generation;

/// <summary>Range of a numeric setting. NaN and the infinities are outside every range.</summary>
/// <param name="Least">Lower bound.</param>
/// <param name="Most">Upper bound, inclusive; null if there is none.</param>
/// <param name="ExcludesLeast">True if the lower bound is exclusive.</param>
public readonly record struct NumberRange<T>(T Least, T? Most, bool ExcludesLeast = false)
    where T : struct, INumber<T>
{
    /// <summary>Returns true if the value is finite and in the range.</summary>
    public bool Contains(T value) =>
        T.IsFinite(value) && (ExcludesLeast ? value > Least : value >= Least) && (Most is not { } most || value <= most);

    /// <summary>Returns the range in words, such as <c>1 to 64</c>, <c>0 or more</c> or <c>above 0, up to 1</c>.</summary>
    public override string ToString() => (ExcludesLeast, Most) switch
    {
        (false, null) => string.Create(CultureInfo.InvariantCulture, $"{Least} or more"),
        (false, { } most) => string.Create(CultureInfo.InvariantCulture, $"{Least} to {most}"),
        (true, null) => string.Create(CultureInfo.InvariantCulture, $"above {Least}"),
        (true, { } most) => string.Create(CultureInfo.InvariantCulture, $"above {Least}, up to {most}"),
    };
}

/// <summary>Creates <see cref="NumberRange{T}"/> values.</summary>
public static class NumberRange
{
    /// <summary>Returns a range with both bounds inclusive.</summary>
    public static NumberRange<T> Between<T>(T least, T most)
        where T : struct, INumber<T> => new(least, most);

    /// <summary>Returns a range with an inclusive lower bound and no upper bound.</summary>
    public static NumberRange<T> From<T>(T least)
        where T : struct, INumber<T> => new(least, null);

    /// <summary>Returns a range with an exclusive lower and an inclusive upper bound.</summary>
    public static NumberRange<T> Above<T>(T least, T most)
        where T : struct, INumber<T> => new(least, most, ExcludesLeast: true);
}
