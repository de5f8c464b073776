using CtfService.Training.Transformer;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Transformer;

public sealed class HeldOutScoreTests
{
    [Fact]
    public void Of_KnownLogits_CountsTheMostProbableOnes()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new float[] { 3, 1, 0, 0, 2, 1, 1, 0, 4, 9, 8, 7 }, [4, 3]);

        var score = HeldOutScore.Of(logits, tensor(new long[] { 0, 1, 0, 2 })); // right, right, wrong, wrong

        Assert.Equal(0.5f, score.Accuracy.item<float>());
        Assert.Equal(nn.functional.cross_entropy(logits, tensor(new long[] { 0, 1, 0, 2 })).item<float>(), score.Loss.item<float>());
    }
}
