using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Doubles = System.Runtime.Intrinsics.Vector128<double>;
using Floats = System.Runtime.Intrinsics.Vector128<float>;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>
/// Fused multiply-add for processors without it (x64 before 2013, and virtual machines that hide it), so that they draw the same images. It takes more than ten
/// times as long.
/// </summary>
/// <remarks>
/// The product of two floats is exact in double precision. The sum is rounded to double, then to float. The two roundings give another result than one only
/// if the first ends half way between two floats or in the range where floats have fewer bits. Such sums are rounded to odd first: then the second rounding
/// gives what one would give (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
/// </remarks>
internal static class EmulatedFma
{
    /// <summary>The bits of a double's lower half that a float does not have.</summary>
    private const uint ExtraBits = (1U << 29) - 1;

    /// <summary>These bits if the double lies half way between two floats.</summary>
    private const uint Halfway = 1U << 28;

    /// <summary>The smallest positive float with all 24 bits.</summary>
    private const float SmallestNormal = 1.17549435e-38f;

    /// <summary>Gets whether this processor needs it.</summary>
    public static bool IsNeeded => !Fma.IsSupported && !AdvSimd.IsSupported;

    /// <summary>Returns a * b + c, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats MultiplyAdd(Floats a, Floats b, Floats c)
    {
        var (lowProduct, highProduct) = (Vector128.WidenLower(a) * Vector128.WidenLower(b), Vector128.WidenUpper(a) * Vector128.WidenUpper(b));
        var (low, high) = (lowProduct + Vector128.WidenLower(c), highProduct + Vector128.WidenUpper(c));
        var sum = Vector128.Narrow(low, high);
        var isHalfway = Vector128.Equals(Vector128.Narrow(low.AsUInt64(), high.AsUInt64()) & Vector128.Create(ExtraBits), Vector128.Create(Halfway));
        var isSmall = Vector128.LessThan(Vector128.Abs(sum), Vector128.Create(SmallestNormal)).AsUInt32();
        return (isHalfway | isSmall) == Vector128<uint>.Zero
            ? sum
            : Vector128.Narrow(RoundToOdd(lowProduct, Vector128.WidenLower(c), low), RoundToOdd(highProduct, Vector128.WidenUpper(c), high));
    }

    /// <summary>Returns a + b rounded to odd: if it is not exact, the one of the two neighboring doubles whose last bit is 1.</summary>
    /// <param name="sum">a + b, rounded to nearest.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Doubles RoundToOdd(Doubles a, Doubles b, Doubles sum)
    {
        // The error of a sum is a double (Knuth's TwoSum).
        var rest = sum - a;
        var error = (a - (sum - rest)) + (b - rest);
        var bits = sum.AsInt64();
        var isInexact = Vector128.GreaterThan(Vector128.Abs(error), Doubles.Zero).AsInt64(); // false for NaN, the error of an infinite sum
        var isEven = Vector128.Equals(bits & Vector128<long>.One, Vector128<long>.Zero);
        var isFartherFromZero = Vector128.Equals(error.AsInt64() >> 63, bits >> 63); // error and sum have the same sign
        var neighbor = bits + Vector128.ConditionalSelect(isFartherFromZero, Vector128<long>.One, Vector128<long>.AllBitsSet);
        return Vector128.ConditionalSelect(isInexact & isEven, neighbor, bits).AsDouble();
    }
}
