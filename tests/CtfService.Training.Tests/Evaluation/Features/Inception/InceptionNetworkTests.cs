using CtfService.Model.TestSupport;
using CtfService.Training.Evaluation.Features.Inception;
using CtfService.Training.Tests.Evaluation.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Features.Inception;

/// <summary>Compares structure and arithmetic of Inception-v3 with the public definition. The published weights are not available.</summary>
public sealed class InceptionNetworkTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void StateDict_PublishedWidth_HasTheApprovedKeysAndShapes()
    {
        using var network = new InceptionNetwork();

        var actual = network.state_dict()
            .OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value.shape)}]");

        Assert.Equal(GoldenInception.Keys.Select(entry => $"{entry.Key} [{string.Join(", ", entry.Shape)}]"), actual);
    }

    [Fact]
    public void Parameters_PublishedWidth_HaveTheCountOfTorchvision()
    {
        using var network = new InceptionNetwork();
        const long torchvision = 27_161_264;                                                   // 1000 classes, with the auxiliary classifier
        const long auxiliary = 98_560 + 2_459_136 + 769_000;                                   // its two units and its linear map
        const long classes = 8 * (InceptionPlan.PooledWidth + 1);                              // 1008 classes

        Assert.Equal(torchvision - auxiliary + classes, network.parameters().Sum(parameter => parameter.numel()));
    }

    [Fact]
    public void Forward_NarrowNetwork_IsNumpys()
    {
        var golden = GoldenInception.Instance;
        using var frozen = no_grad();
        using var network = new InceptionNetwork(golden.Divisor);
        network.to(float64);
        GoldenInception.Fill(network);

        var features = network.call(golden.Pixels());

        TensorAssert.Close(golden.Expected(golden.Pooled), features.Pooled, 1e-12, "pooled");
        TensorAssert.Close(golden.Expected(golden.Spatial), features.Spatial, 1e-12, "spatial");
        TensorAssert.Close(golden.Expected(golden.Probabilities), features.Probabilities, 1e-12, "probabilities");
    }

    /// <summary>
    /// Some convolutions of libtorch are wrong on some processors for some numbers of channels (docs/adr/0005); float64 uses other routines.
    /// </summary>
    [Fact]
    public void Forward_PublishedWidthInFloat32_IsThatInFloat64()
    {
        using var frozen = no_grad();
        using var network = new InceptionNetwork();
        GoldenInception.Fill(network);
        var pixels = GoldenInception.Instance.Pixels();
        var small = network.call(pixels.to(float32));

        network.to(float64);
        var wide = network.call(pixels);

        TensorAssert.Close(wide.Pooled, small.Pooled.to(float64), 1e-4, "pooled");
        TensorAssert.Close(wide.Spatial, small.Spatial.to(float64), 1e-4, "spatial");
    }
}
