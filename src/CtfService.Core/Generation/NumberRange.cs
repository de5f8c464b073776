using System.Globalization;
using System.Numerics;

namespace CtfService.Core.Generation;

/// <summary>The values that a setting may have. Always finite: NaN and the infinities are in no range.</summary>
/// <param name="Least">Lower end.</param>
/// <param name="Most">Upper end, inside the range; null if every finite number above the lower end is allowed.</param>
/// <param name="ExcludesLeast">True if the lower end itself is not allowed.</param>
public readonly record struct NumberRange<T>(T Least, T? Most, bool ExcludesLeast = false)
    where T : struct, INumber<T>
{
    /// <summary>True if the value is finite and in the range.</summary>
    public bool Contains(T value) =>
        T.IsFinite(value) && (ExcludesLeast ? value > Least : value >= Least) && (Most is not { } most || value <= most);

    /// <summary>The range in words, such as <c>1 to 64</c>, <c>0 or more</c> or <c>above 0, up to 1</c>.</summary>
    public override string ToString() => (ExcludesLeast, Most) switch
    {
        (false, null) => string.Create(CultureInfo.InvariantCulture, $"{Least} or more"),
        (false, { } most) => string.Create(CultureInfo.InvariantCulture, $"{Least} to {most}"),
        (true, null) => string.Create(CultureInfo.InvariantCulture, $"above {Least}"),
        (true, { } most) => string.Create(CultureInfo.InvariantCulture, $"above {Least}, up to {most}"),
    };
}

/// <summary>Makes <see cref="NumberRange{T}"/>.</summary>
public static class NumberRange
{
    /// <summary>Both ends are in the range.</summary>
    public static NumberRange<T> Between<T>(T least, T most)
        where T : struct, INumber<T> => new(least, most);

    /// <summary>The lower end is in the range, and there is no upper end.</summary>
    public static NumberRange<T> From<T>(T least)
        where T : struct, INumber<T> => new(least, null);

    /// <summary>The lower end is not in the range, the upper end is.</summary>
    public static NumberRange<T> Above<T>(T least, T most)
        where T : struct, INumber<T> => new(least, most, ExcludesLeast: true);
}
