using System.Runtime.CompilerServices;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>
/// The sum of a row, in the same order for every vector width: sixteen running sums, as in one vector of 512 bits, two of 256 or four of 128. The JIT keeps
/// them in registers.
/// </summary>
internal unsafe struct LaneSums<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>The number of running sums. Rows are padded to a multiple of it.</summary>
    public const int Lanes = 16;

    private TVector _a;
    private TVector _b; // up to 256 bits
    private TVector _c; // up to 128 bits
    private TVector _d;

    /// <summary>Adds the squares of <see cref="Lanes"/> floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddSquares(float* values)
    {
        _a = AddSquare(_a, values);
        if (TSimd.Lanes <= 8)
        {
            _b = AddSquare(_b, values + TSimd.Lanes);
        }

        if (TSimd.Lanes <= 4)
        {
            _c = AddSquare(_c, values + (2 * TSimd.Lanes));
            _d = AddSquare(_d, values + (3 * TSimd.Lanes));
        }
    }

    /// <summary>Replaces <see cref="Lanes"/> floats x by e^(x - maximum), and adds them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddExponentials(float* values, TVector maximum)
    {
        _a = AddExponential(_a, values, maximum);
        if (TSimd.Lanes <= 8)
        {
            _b = AddExponential(_b, values + TSimd.Lanes, maximum);
        }

        if (TSimd.Lanes <= 4)
        {
            _c = AddExponential(_c, values + (2 * TSimd.Lanes), maximum);
            _d = AddExponential(_d, values + (3 * TSimd.Lanes), maximum);
        }
    }

    /// <summary>Returns the sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Total() => TSimd.Lanes switch
    {
        16 => TSimd.Sum(_a),
        8 => TSimd.Sum(_a) + TSimd.Sum(_b),
        _ => (TSimd.Sum(_a) + TSimd.Sum(_b)) + (TSimd.Sum(_c) + TSimd.Sum(_d)),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector AddSquare(TVector sum, float* values)
    {
        var value = TSimd.Load(values);
        return TSimd.MultiplyAdd(value, value, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector AddExponential(TVector sum, float* values, TVector maximum)
    {
        var exponential = VectorMath<TVector, TSimd>.Exp(TSimd.Subtract(TSimd.Load(values), maximum));
        TSimd.Store(exponential, values);
        return TSimd.Add(sum, exponential);
    }
}
