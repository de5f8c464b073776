using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>
/// A 2D convolution with a square kernel and bias, subject to <see cref="Autocast"/>. Keys: <c>weight</c> [out, in, k, k], <c>bias</c> [out].
/// </summary>
public sealed class Convolution : nn.Module<Tensor, Tensor>
{
    // libtorch 2.10 computes wrong sums for some channel counts on processors of AMD family 26; multiples of these blocks are safe (docs/adr/0005).
    private const long SafeInputs = 8;
    private const long SmallBlock = 16;
    private const long Block = 32;

    /// <summary>The number of elements up to which libtorch gives a single image to NNPACK.</summary>
    private const long NnpackMaxElements = 20480;

    private readonly long _addedInputs;
    private readonly long _addedOutputs;
    private readonly long _stride;
    private readonly long _padding;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    public Convolution(long inputWidth, long outputWidth, long kernel, long stride = 1, long padding = 0)
        : base(nameof(Convolution))
    {
        _addedInputs = kernel > 1 && inputWidth > SafeInputs ? ChannelsToAdd(inputWidth) : 0;
        _addedOutputs = kernel > 1 ? ChannelsToAdd(outputWidth) : 0;
        _stride = stride;
        _padding = padding;

        // PyTorch's default initialization of convolutions: uniform within 1/sqrt(fan in).
        var bound = 1 / Math.Sqrt(inputWidth * kernel * kernel);
        _weight = ParameterScope.Uniform(bound, outputWidth, inputWidth, kernel, kernel);
        _bias = ParameterScope.Uniform(bound, outputWidth);
        RegisterComponents();
    }

    public Parameter Weight => _weight;

    public Parameter Bias => _bias;

    /// <summary>Convolves [B, in, h, w] to [B, out, h', w'].</summary>
    public override Tensor forward(Tensor input)
    {
        if (_addedInputs + _addedOutputs == 0 && !WouldUseNnpack(input))
        {
            return Autocast.Convolve(input, _weight, _bias, _stride, _padding);
        }

        using var scope = NewDisposeScope();
        var padded = Autocast.Convolve(
            ZeroPad(WouldUseNnpack(input) ? input.expand(2, -1, -1, -1) : input, [0, 0, 0, 0, 0, _addedInputs]),
            ZeroPad(_weight, [0, 0, 0, 0, 0, _addedInputs, 0, _addedOutputs]),
            ZeroPad(_bias, [0, _addedOutputs]),
            _stride,
            _padding);
        return padded.narrow(0, 0, input.shape[0]).narrow(1, 0, padded.shape[1] - _addedOutputs).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Returns whether libtorch would give the input to NNPACK, as it does with a single small image. NNPACK does not initialize on every processor;
    /// libtorch then warns at every call and falls back to a slow path. Two images take the usual path (aten/src/ATen/native/Convolution.cpp, use_mkldnn).
    /// </summary>
    private static bool WouldUseNnpack(Tensor input) =>
        input.shape[0] == 1 && input.device_type == TorchSharp.DeviceType.CPU && input.numel() <= NnpackMaxElements && !is_grad_enabled();

    private static Tensor ZeroPad(Tensor tensor, long[] padding) => padding.Any(count => count > 0) ? nn.functional.pad(tensor, padding) : tensor.alias();

    /// <summary>Returns the number of zero channels, which change no sum, to add up to a safe channel count.</summary>
    private static long ChannelsToAdd(long channels) => channels <= SmallBlock ? SmallBlock - channels : (Block - (channels % Block)) % Block;
}
