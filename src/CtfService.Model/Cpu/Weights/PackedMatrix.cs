using CtfService.Model.Cpu.Memory;

namespace CtfService.Model.Cpu.Weights;

/// <summary>
/// Weights of one product, ready for the kernels. A panel holds as many output features as two vectors have lanes, [pair of inputs][2 vectors][block], in the
/// order in which a product reads them; inputs of an odd number are filled up with a zero. Owns its memory.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    /// <summary>Vectors side by side in a panel.</summary>
    public const int VectorsPerPanel = 2;

    /// <summary>Panels that a register tile takes at most; the number of panels is filled up to a multiple of it with zeros.</summary>
    public const int PanelsPerTile = 2;

    /// <summary>Vectors of output features that the number of features is filled up to a multiple of.</summary>
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

    /// <summary>Output features, those that only fill up included.</summary>
    public int Outputs { get; }

    public int PanelCount { get; }

    /// <summary>Pairs of inputs, the last filled up with a zero where the number is odd.</summary>
    public int Pairs { get; }

    /// <summary>Weights of one vector of features for one pair of inputs.</summary>
    public long BlockBytes { get; }

    public long PanelBytes { get; }

    public byte* Panels => _panels.Bytes;

    /// <summary>One factor per output feature.</summary>
    public float* Scales => _scales.Floats;

    public long Bytes => _panels.Length;

    /// <summary>Row of a matrix whose weights are output feature <paramref name="output"/>; null for a feature that only fills up.</summary>
    public delegate float* RowOfOutput(int output);

    /// <param name="inputScales">Factor of each input feature, multiplied into the weights; ones where null.</param>
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
