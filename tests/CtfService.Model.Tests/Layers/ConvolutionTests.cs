using CtfService.Model.Layers;
using CtfService.Model.Tests.Support;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Layers;

/// <summary>Compares the convolution with a matrix product over unfolded patches (im2col), for channel counts at which a library's kernels change.</summary>
[Collection(GlobalGenerator.Name)]
public sealed class ConvolutionTests
{
    [Theory]
    [InlineData(3, 32, 1)]
    [InlineData(12, 8, 1)]
    [InlineData(24, 64, 1)]
    [InlineData(12, 64, 1)]
    [InlineData(20, 32, 1)]
    [InlineData(27, 32, 1)]
    [InlineData(64, 12, 1)]
    [InlineData(64, 24, 1)]
    [InlineData(24, 24, 2)]
    [InlineData(33, 40, 2)]
    [InlineData(64, 3, 1)]
    [InlineData(32, 64, 2)]
    public void Forward_AnyChannels_EqualsIm2Col(long inputs, long outputs, long stride)
    {
        using var scope = NewDisposeScope();
        manual_seed(inputs + outputs);
        using var convolution = new Convolution(inputs, outputs, kernel: 3, stride, padding: 1);
        var image = randn([2, inputs, 16, 12], requires_grad: true);
        var sameImage = image.detach().clone().requires_grad_();
        var sameWeight = convolution.Weight.detach().clone().requires_grad_();

        var actual = convolution.call(image);
        var patches = nn.functional.unfold(sameImage, (3, 3), padding: (1, 1), stride: (stride, stride)); // [B, in*9, h'*w']
        var expected = matmul(sameWeight.reshape(outputs, -1), patches).reshape(actual.shape) + convolution.Bias.detach().reshape(1, -1, 1, 1);
        var direction = randn_like(actual);
        (actual * direction).sum().backward();
        (expected * direction).sum().backward();

        TensorAssert.Close(expected, actual, 1e-5, "output");
        TensorAssert.Close(sameImage.grad!, image.grad!, 1e-5, "gradient of the image");
        TensorAssert.Close(sameWeight.grad!, convolution.Weight.grad!, 1e-5, "gradient of the weight");
    }
}
