using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>
/// The angles of <see cref="RopeTable"/>, laid out for vectors: with x = (a, b) and its swapped pair (b, a), the rotated pair is
/// x * (cos, cos) + swapped * (-sin, sin). Row 0 is the class position, whose angles are 0.
/// </summary>
internal sealed unsafe class InterleavedRopeTable : IDisposable
{
    private readonly NativeBuffer _cosines;
    private readonly NativeBuffer _sines;
    private readonly int _headWidth;

    public InterleavedRopeTable(TransformerConfig config)
    {
        using var scope = NewDisposeScope();
        using var table = new RopeTable(config, CPU);
        _headWidth = config.HeadWidth;
        var length = 1 + config.Positions;
        var slice = table.Slice(0, length);
        var cosines = slice.Cosine.contiguous().data<float>();
        var sines = slice.Sine.contiguous().data<float>();
        _cosines = NativeBuffer.OfFloats(length * _headWidth);
        _sines = NativeBuffer.OfFloats(length * _headWidth);
        for (var i = 0; i < length * _headWidth; i++)
        {
            _cosines.Floats[i] = cosines[i / 2];
            _sines.Floats[i] = i % 2 == 0 ? -sines[i / 2] : sines[i / 2];
        }
    }

    /// <summary>Returns the cosines of a position, [Dh]: each cosine twice.</summary>
    public float* Cosines(int position) => _cosines.Floats + (position * _headWidth);

    /// <summary>Returns the sines of a position, [Dh]: each sine twice, negated the first time.</summary>
    public float* Sines(int position) => _sines.Floats + (position * _headWidth);

    public void Dispose()
    {
        _cosines.Dispose();
        _sines.Dispose();
    }
}
