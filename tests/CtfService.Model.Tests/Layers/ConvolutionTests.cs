using CtfService.Model.Layers;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Layers;

/// <summary>Convolutions of every channel count the tokenizers have, against double precision, which oneDNN does not compute.</summary>
public sealed class ConvolutionTests
{
    /// <summary>Input and output channels: pixels (3), pixel patches (12, 27), latents that fill no block (20, 24), widths.</summary>
    public static TheoryData<int, int> Channels => new()
    {
        { 3, 32 }, { 12, 64 }, { 27, 32 }, { 20, 32 }, { 24, 32 }, { 40, 64 }, { 32, 3 }, { 64, 3 }, { 64, 12 }, { 32, 24 }, { 96, 40 }, { 32, 64 },
    };

    [Theory]
    [MemberData(nameof(Channels))]
    public void Forward_SeveralImages_EqualsDoublePrecision(int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var convolution = new Convolution(inputs, outputs, kernel: 3, padding: 1);
        var image = randn(3, inputs, 8, 6);

        var features = convolution.call(image);

        TensorAssert.Close(InDouble(convolution, image), features.to(float64), 1e-6);
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public void Backward_SeveralImages_EqualsDoublePrecision(int inputs, int outputs)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        using var convolution = new Convolution(inputs, outputs, kernel: 3, padding: 1);
        var image = randn(3, inputs, 8, 6).requires_grad_();
        var wideImage = image.detach().to(float64).requires_grad_();
        var upstream = randn(3, outputs, 8, 6);

        (convolution.call(image) * upstream).sum().backward();

        var weightGradient = convolution.Weight.grad!.clone();
        convolution.Weight.grad = null;
        (InDouble(convolution, wideImage) * upstream.to(float64)).sum().backward();
        TensorAssert.Close(wideImage.grad!, image.grad!.to(float64), 1e-6, "gradient of the image");
        TensorAssert.Close(convolution.Weight.grad!, weightGradient, 1e-6, "gradient of the weight");
    }

    private static Tensor InDouble(Convolution convolution, Tensor image) =>
        nn.functional.conv2d(image.to(float64), convolution.Weight.to(float64), convolution.Bias.to(float64), [1, 1], [1, 1]);
}
