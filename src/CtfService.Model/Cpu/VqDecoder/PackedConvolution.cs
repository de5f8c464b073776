using CtfService.Model.Cpu.Memory;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// Weights of one convolution of stride 1, ready for the tiles: for each phase, panels of two vectors of outputs, [row of the window][column][input][output]; inputs and
/// outputs filled up with zeros to what <see cref="PaddedChannels"/> says. Owns its memory.
/// </summary>
internal sealed unsafe class PackedConvolution : IDisposable
{
    private readonly NativeBuffer _panels;
    private readonly NativeBuffer _bias;
    private readonly int _panelOutputs;

    private PackedConvolution(int outputs, int inputs, int kernelSize, int phases, int lanes)
    {
        (KernelSize, Phases, _panelOutputs) = (kernelSize, phases, 2 * lanes);
        (InputStride, OutputStride) = (PaddedChannels(inputs, lanes), PaddedChannels(outputs, lanes));
        PanelCount = OutputStride / _panelOutputs;
        PanelFloats = (long)kernelSize * kernelSize * InputStride * _panelOutputs;
        _panels = NativeBuffer.OfFloats(phases * PanelCount * PanelFloats);
        _bias = NativeBuffer.OfFloats(OutputStride);
    }

    /// <summary>Weight of a phase between an output and an input at a tap of the window.</summary>
    public delegate float WeightOf(int phase, int output, int input, int row, int column);

    /// <summary>Rows and columns of the window: 3, 2 (each phase of an upsampling convolution) or 1.</summary>
    public int KernelSize { get; }

    /// <summary>4 where the convolution doubles both sides of the map, one for each tap within the upsampled pixel; else 1.</summary>
    public int Phases { get; }

    public int InputStride { get; }

    public int OutputStride { get; }

    /// <summary>Panels of one phase.</summary>
    public int PanelCount { get; }

    public long PanelFloats { get; }

    /// <summary>Bytes of one phase.</summary>
    public long PhaseBytes => PanelCount * PanelFloats * sizeof(float);

    public static int PaddedChannels(int channels, int lanes) => Alignment.RoundUp(channels, 2 * lanes);

    /// <param name="bias">[outputs].</param>
    public static PackedConvolution Pack(int outputs, int inputs, int kernelSize, int phases, int lanes, WeightOf weightOf, ReadOnlySpan<float> bias)
    {
        var packed = new PackedConvolution(outputs, inputs, kernelSize, phases, lanes);
        bias[..outputs].CopyTo(new Span<float>(packed._bias.Floats, outputs));
        for (var phase = 0; phase < phases; phase++)
        {
            for (var output = 0; output < outputs; output++)
            {
                packed.Fill(phase, output, inputs, weightOf);
            }
        }

        return packed;
    }

    public float* Panel(int phase, int panel) => _panels.Floats + (((phase * PanelCount) + panel) * PanelFloats);

    /// <summary>The panel's two vectors.</summary>
    public float* Bias(int panel) => _bias.Floats + (panel * _panelOutputs);

    public void Dispose()
    {
        _panels.Dispose();
        _bias.Dispose();
    }

    private void Fill(int phase, int output, int inputs, WeightOf weightOf)
    {
        var (panel, lane) = Math.DivRem(output, _panelOutputs);
        var target = Panel(phase, panel) + lane;
        for (var tap = 0; tap < KernelSize * KernelSize; tap++)
        {
            var (row, column) = Math.DivRem(tap, KernelSize);
            for (var input = 0; input < inputs; input++)
            {
                target[((tap * InputStride) + input) * (long)_panelOutputs] = weightOf(phase, output, input, row, column);
            }
        }
    }
}
