using CtfService.Training.Classification;
using CtfService.Training.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Tokenizer;

public sealed class PerceptualLossTests : IDisposable
{
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();
    private readonly ImageClassifier _classifier = new(["a", "b"], 16);
    private readonly Generator _generator = new(5);

    public PerceptualLossTests()
    {
        _classifier.Initialize(_generator);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _classifier.Dispose();
        _generator.Dispose();
    }

    [Fact]
    public void Of_ImageWithItself_IsZeroAndGrowsWithNoise()
    {
        var loss = new PerceptualLoss(_classifier);
        var image = Images();
        var noise = Images();

        Assert.Equal(0, loss.Of(image, image).item<float>(), 1e-6);
        Assert.True(loss.Of(image + (noise * 0.1), image).item<float>() < loss.Of(image + (noise * 0.5), image).item<float>());
    }

    [Fact]
    public void Of_TwoImages_IsTheSumOverStagesOfTwoLessTwiceTheCosine()
    {
        var (first, second) = (Images(), Images());

        var loss = new PerceptualLoss(_classifier).Of(first, second).item<float>();

        // |a - b|^2 of unit vectors is 2 - 2 cos(a, b).
        var expected = _classifier.Stages(first)
            .Zip(_classifier.Stages(second), (a, b) => (2 - (2 * nn.functional.cosine_similarity(a, b, 1, 1e-8))).mean().item<float>())
            .Sum();
        Assert.Equal(expected, loss, 0.01 * expected);
    }

    [Fact]
    public void Of_Backward_ReachesTheImageAndLeavesTheClassifier()
    {
        var loss = new PerceptualLoss(_classifier);
        var restored = Images().requires_grad_();

        loss.Of(restored, Images()).backward();

        Assert.True(restored.grad!.abs().sum().item<float>() > 0);
        Assert.All(_classifier.parameters(), parameter => Assert.False(parameter.requires_grad));
    }

    private Tensor Images() => randn([2, 3, 16, 16], generator: _generator).mul(0.4).clamp(-1, 1);
}
