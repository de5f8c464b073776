using CtfService.Model.Sampling;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

public sealed class GuidanceTests
{
    [Fact]
    public void Combine_ScaleOne_GivesTheConditionalLogits()
    {
        using var scope = NewDisposeScope();
        var conditional = linspace(-3, 3, 8, float32).reshape(2, 4);

        var combined = Guidance.Combine(conditional, conditional.flip(1), tensor(1f));

        TensorAssert.Close(conditional, combined, 1e-6);
    }
}
