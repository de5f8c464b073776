using CtfService.Model.Layers;
using CtfService.Training.Classification;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Classification;

/// <summary>The classifier under <see cref="Autocast"/>, where it runs its convolutions by itself.</summary>
public sealed class MixedPrecisionTests : IDisposable
{
    private readonly ImageClassifier _classifier = new(["a", "b", "c"], imageSize: 16);
    private readonly Generator _generator = new(3);
    private readonly Tensor _images;

    public MixedPrecisionTests()
    {
        _classifier.Initialize(_generator);
        _images = rand([4, 3, 16, 16], generator: _generator).mul_(2).sub_(1);
    }

    public void Dispose()
    {
        _classifier.Dispose();
        _generator.Dispose();
        _images.Dispose();
    }

    [Fact]
    public void Forward_InFloat32_GivesTheBitsOfThePlainClassifier()
    {
        using var plain = _classifier.forward(_images);
        using var precise = new Autocast(ScalarType.Float32);
        using var mixed = _classifier.forward(_images);

        Assert.Equal(plain.data<float>().ToArray(), mixed.data<float>().ToArray());
    }

    [Fact]
    public void Forward_InBfloat16_IsCloseAndNotEqual()
    {
        using var plain = _classifier.forward(_images);
        using var small = new Autocast(ScalarType.BFloat16);
        using var mixed = _classifier.forward(_images);

        Assert.Equal(ScalarType.Float32, mixed.dtype);
        Assert.False(allclose(plain, mixed, rtol: 0, atol: 0));
        Assert.True(allclose(plain, mixed, rtol: 0.05, atol: 0.05));
    }
}
