using CtfService.Model.Cpu.Runtime;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// The weights of a convolution of stride 1, packed for <see cref="ConvolutionMicroKernel{TVector, TSimd}"/>: for each phase, panels of two vectors of outputs,
/// [row of the window][column][input][output]. Inputs and outputs are zero-padded to <see cref="PaddedChannels"/>. Owns its memory.
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

    /// <summary>Returns the weight between an input, at a tap of the window, and an output.</summary>
    public delegate float WeightOf(int phase, int output, int input, int row, int column);

    /// <summary>Gets the rows and columns of the window: 3, 1, or 2 for each phase of an upsampling convolution.</summary>
    public int KernelSize { get; }

    /// <summary>Gets the number of phases: 4 if the convolution upsamples by 2, one per position within an upsampled pixel; else 1.</summary>
    public int Phases { get; }

    /// <summary>Gets the number of inputs, padding included.</summary>
    public int InputStride { get; }

    /// <summary>Gets the number of outputs, padding included.</summary>
    public int OutputStride { get; }

    /// <summary>Gets the number of panels of one phase.</summary>
    public int PanelCount { get; }

    /// <summary>Gets the floats of a panel.</summary>
    public long PanelFloats { get; }

    /// <summary>Gets the bytes of the weights of one phase.</summary>
    public long PhaseBytes => PanelCount * PanelFloats * sizeof(float);

    /// <summary>Returns the number of channels, padded to whole panels.</summary>
    public static int PaddedChannels(int channels, int lanes) => Alignment.RoundUp(channels, 2 * lanes);

    /// <summary>Packs a convolution.</summary>
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

    /// <summary>Returns the start of a panel.</summary>
    public float* Panel(int phase, int panel) => _panels.Floats + (((phase * PanelCount) + panel) * PanelFloats);

    /// <summary>Returns the two bias vectors of a panel.</summary>
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
