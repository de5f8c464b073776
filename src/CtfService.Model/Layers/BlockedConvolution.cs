using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>
/// Convolution that gives oneDNN whole blocks of channels on the CPU. The oneDNN 3.7.1 in libtorch 2.10.0 copies tensors into blocks of 8 (AVX2) or
/// 16 (AVX-512) channels and loses values of a partly filled block, in the forward pass and in the gradient of the input (issue 3280 of its
/// repository describes the copy). Checked on both instruction sets: relative errors of 0.2 to 1 with 3, 12, 20, 24 or 40 channels and more than
/// one image, 1e-7 with whole blocks. Channels of zeros change no result, and oneDNN would pad the block anyway.
/// </summary>
internal static class BlockedConvolution
{
    private const int Block = 16;

    /// <summary>input [B, in, h, w], weight [out, in, kh, kw], bias [out]; the receiver owns the result.</summary>
    public static Tensor Apply(Tensor input, Tensor weight, Tensor bias, long[] strides, long[] paddings)
    {
        var (outputs, inputs) = (weight.shape[0], weight.shape[1]);
        var (missingOutputs, missingInputs) = (Missing(outputs), Missing(inputs));
        var isProduct = weight.shape[2] == 1; // a 1x1 kernel is a matrix product and has no blocks
        if (input.device_type != DeviceType.CPU || isProduct || (missingOutputs == 0 && missingInputs == 0))
        {
            return nn.functional.conv2d(input, weight, bias, strides, paddings);
        }

        using var scope = NewDisposeScope();
        var wideInput = nn.functional.pad(input, [0, 0, 0, 0, 0, missingInputs]);
        var wideWeight = nn.functional.pad(weight, [0, 0, 0, 0, 0, missingInputs, 0, missingOutputs]);
        var wideBias = nn.functional.pad(bias, [0, missingOutputs]);
        return nn.functional.conv2d(wideInput, wideWeight, wideBias, strides, paddings).narrow(1, 0, outputs).contiguous().MoveToOuterDisposeScope();
    }

    private static long Missing(long channels) => (Block - (channels % Block)) % Block;
}
