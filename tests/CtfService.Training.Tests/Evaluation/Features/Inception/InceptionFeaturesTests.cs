using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.TestSupport;
using CtfService.Training.Evaluation.Features.Inception;
using CtfService.Training.Tests.Evaluation.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Features.Inception;

public sealed class InceptionFeaturesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Load_PublishedKeys_GivesFeaturesOfTheirWidths(bool withCounters)
    {
        var path = Write(withCounters ? Counters() : []);

        using var extractor = InceptionFeatures.Load(path);
        var features = extractor.Extract(zeros(2, 3, 20, 30));

        Assert.Equal([2, extractor.PooledWidth], features.Pooled.shape);
        Assert.Equal([2, extractor.SpatialWidth], features.Spatial.shape);
        Assert.Equal([2, 1008], features.Probabilities.shape);
        Assert.Null(extractor.ClassNames);
    }

    [Fact]
    public void Load_PyTorchFile_GivesTheSameFeatures()
    {
        var path = _folder.File("weights.pth");
        TorchFileWriter.Write(path, GoldenInception.Keys, (_, elements) => elements.Fill(0.01f), wrapper: "state_dict");

        using var extractor = InceptionFeatures.Load(path);

        Assert.Equal(64, extractor.Hash.Length);
    }

    [Fact]
    public void Load_MissingUnexpectedAndMisshapenKeys_NamesAllInOneError()
    {
        var path = Write([("AuxLogits.fc.bias", zeros(1000))], without: "Mixed_6d.branch7x7_2.conv.weight", misshapen: "fc.weight");

        var exception = Assert.Throws<CheckpointException>(() => InceptionFeatures.Load(path));

        Assert.Contains("missing: Mixed_6d.branch7x7_2.conv.weight [160, 160, 1, 7]", exception.Message, StringComparison.Ordinal);
        Assert.Contains("unexpected: AuxLogits.fc.bias [1000]", exception.Message, StringComparison.Ordinal);
        Assert.Contains("wrong shape: fc.weight is [3], expected [1008, 2048]", exception.Message, StringComparison.Ordinal);
        Assert.Contains("pt_inception-2015-12-05-6726825d.pth", exception.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(string, Tensor)> Counters() =>
        GoldenInception.Keys.Where(entry => entry.Key.EndsWith("running_var", StringComparison.Ordinal))
            .Select(entry => (entry.Key.Replace("running_var", "num_batches_tracked", StringComparison.Ordinal), tensor(1L)));

    private string Write(IEnumerable<(string, Tensor)> more, string? without = null, string? misshapen = null)
    {
        var path = _folder.File("weights.safetensors");
        var tensors = GoldenInception.Keys
            .Where(entry => entry.Key != without)
            .Select(entry => (entry.Key, entry.Key == misshapen ? zeros(3) : zeros(entry.Shape)));
        SafetensorsWriter.Write(path, tensors.Concat(more));
        return path;
    }
}
