using CtfService.Model.Cpu.Runtime;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>
/// A weight matrix packed for the micro-kernels. It is stored panel by panel. A panel holds two vectors of output features over all of K, [pair of
/// inputs][2 vectors][block], in the order in which a kernel reads it; a block is described by <see cref="IWeightLayout"/>. An odd K is padded with zeros.
/// Owns its memory.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    /// <summary>Vectors of output features in a panel.</summary>
    public const int VectorsPerPanel = 2;

    /// <summary>The largest number of panels in a register tile.</summary>
    public const int PanelsPerTile = 2;

    /// <summary>Vectors of output features in the largest tile. The matrix is padded to a multiple of it.</summary>
    public const int VectorsPerTile = VectorsPerPanel * PanelsPerTile;

    private readonly NativeBuffer _panels;
    private readonly NativeBuffer _scales;

    private PackedMatrix(int outputs, int inputs, int lanes, int pairBytes)
    {
        Outputs = Alignment.RoundUp(outputs, lanes * VectorsPerTile);
        PanelCount = Outputs / (lanes * VectorsPerPanel);
        Pairs = (inputs + 1) / 2;
        BlockBytes = (long)pairBytes * lanes;
        PanelBytes = Pairs * BlockBytes * VectorsPerPanel;
        _panels = new NativeBuffer(PanelCount * PanelBytes);
        _scales = NativeBuffer.OfFloats(Outputs);
    }

    /// <summary>Gets the number of output features, padding included.</summary>
    public int Outputs { get; }

    /// <summary>Gets the number of panels.</summary>
    public int PanelCount { get; }

    /// <summary>Gets the number of pairs of inputs: K / 2, rounded up.</summary>
    public int Pairs { get; }

    /// <summary>Gets the bytes of a block: one vector of features for one pair of inputs.</summary>
    public long BlockBytes { get; }

    /// <summary>Gets the bytes of a panel.</summary>
    public long PanelBytes { get; }

    /// <summary>Gets the start of the first panel.</summary>
    public byte* Panels => _panels.Bytes;

    /// <summary>Gets the scale of each output feature.</summary>
    public float* Scales => _scales.Floats;

    /// <summary>Gets the bytes of all panels.</summary>
    public long Bytes => _panels.Length;

    /// <summary>Returns the K weights of output feature <paramref name="output"/>; null for padding.</summary>
    public delegate float* RowOfOutput(int output);

    /// <summary>Packs a matrix.</summary>
    /// <param name="lanes">Floats in a vector of the kernels.</param>
    /// <param name="inputScales">Factors of the input features, multiplied into the weights; null for none.</param>
    public static PackedMatrix Pack<TLayout>(int outputs, int inputs, int lanes, RowOfOutput rows, float* inputScales = null)
        where TLayout : struct, IWeightLayout
    {
        var packed = new PackedMatrix(outputs, inputs, lanes, TLayout.PairBytes);
        var row = new float[inputs];
        for (var output = 0; output < outputs; output++)
        {
            var source = rows(output);
            if (source is null)
            {
                continue;
            }

            var largest = 0f;
            for (var input = 0; input < inputs; input++)
            {
                row[input] = source[input] * (inputScales is null ? 1 : inputScales[input]);
                largest = Math.Max(largest, Math.Abs(row[input]));
            }

            var scale = TLayout.ScaleOf(largest);
            packed.Scales[output] = scale;
            var (vector, lane) = Math.DivRem(output, lanes);
            var block = packed.Panels + (vector / VectorsPerPanel * packed.PanelBytes) + (vector % VectorsPerPanel * packed.BlockBytes);
            for (var input = 0; input < inputs; input++)
            {
                TLayout.Write(block, second: input % 2 == 1, lane, lanes, row[input] / scale);
                block += input % 2 == 1 ? packed.BlockBytes * VectorsPerPanel : 0;
            }
        }

        return packed;
    }

    public void Dispose()
    {
        _panels.Dispose();
        _scales.Dispose();
    }
}
