using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Checkpoints;

public sealed class StateDictTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Load_SavedModule_CopiesEveryWeight()
    {
        using var from = nn.Sequential(("first", nn.Linear(3, 4)), ("norm", nn.BatchNorm1d(4)));
        using var to = nn.Sequential(("first", nn.Linear(3, 4)), ("norm", nn.BatchNorm1d(4)));

        StateDictSaver.Save(from, _folder.File("a"));
        Load(to);

        var copied = to.state_dict();
        Assert.Equal(7, copied.Count);
        Assert.All(from.state_dict(), weight => TensorAssert.Equal(weight.Value, copied[weight.Key]));
    }

    [Fact]
    public void Load_Cancelled_StopsBeforeTheNextTensor()
    {
        using var module = nn.Linear(3, 4);
        StateDictSaver.Save(module, _folder.File("a"));
        using var file = SafetensorsFile.Open(_folder.File("a"));
        var cancelled = new CancellationToken(canceled: true);

        Assert.Throws<OperationCanceledException>(() => StateDictLoader.Load(module, file, cancellation: cancelled));
        Assert.Throws<OperationCanceledException>(() => WeightSource.Of(file, cancelled).Read("weight", 4, 3));
    }

    [Fact]
    public void Load_OtherFloatingDtype_CastsToThatOfTheModule()
    {
        using var from = nn.Linear(3, 4);
        using var to = nn.Linear(3, 4);

        StateDictSaver.Save(from, _folder.File("a"), castFloatingTo: ScalarType.BFloat16);
        Load(to);

        Assert.Equal(ScalarType.Float32, to.weight.dtype);
        Assert.True(to.weight.requires_grad);
        TensorAssert.Close(from.weight, to.weight, 1 / 128.0);
    }

    [Fact]
    public void Load_KeysDiffer_ListsAllAndCopiesNothing()
    {
        using var module = nn.Sequential(("first", nn.Linear(3, 4)), ("second", nn.Linear(4, 2)));
        SafetensorsWriter.Write(_folder.File("a"),
        [
            ("first.weight", zeros(4, 3)),
            ("first.bias", zeros(5)),
            ("second.bias", zeros(2, int64)),
            ("third.bias", zeros(2)),
        ]);

        var error = Assert.Throws<CheckpointException>(() => Load(module));

        Assert.Contains("missing: second.weight [2, 4]", error.Message, StringComparison.Ordinal);
        Assert.Contains("unexpected: third.bias [2]", error.Message, StringComparison.Ordinal);
        Assert.Contains("wrong shape: first.bias is [5], expected [4]", error.Message, StringComparison.Ordinal);
        Assert.Contains("wrong dtype: second.bias is Int64, expected Float32", error.Message, StringComparison.Ordinal);
        Assert.True(((Linear)module[0]).weight.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void Load_IgnoredPrefix_MayBeUnexpected()
    {
        using var module = nn.Linear(1, 1, hasBias: false);
        SafetensorsWriter.Write(_folder.File("a"), [("weight", ones(1, 1)), ("discriminator.weight", ones(1))]);

        Load(module, ["discriminator."]);

        Assert.Equal(1, module.weight.item<float>());
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Load(nn.Module module, string[]? ignoredPrefixes = null)
    {
        using var file = SafetensorsFile.Open(_folder.File("a"));
        StateDictLoader.Load(module, file, ignoredPrefixes);
    }
}
