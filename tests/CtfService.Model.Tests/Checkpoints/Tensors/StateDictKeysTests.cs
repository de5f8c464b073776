using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Checkpoints.Tensors;

/// <summary>Keys with the prefixes of training wrappers, in PyTorch and safetensors files.</summary>
public sealed class StateDictKeysTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("module._orig_mod.")]
    [InlineData("_orig_mod.module.")]
    [InlineData("model.")]
    [InlineData("model.module._orig_mod.")]
    [InlineData("_fsdp_wrapped_module._checkpoint_wrapped_module.")]
    [InlineData("ema_model.module.")]
    [InlineData("net.")]
    public void Open_KeysWithWrappers_AreStripped(string prefix)
    {
        foreach (var file in Files([$"{prefix}norm.weight", $"{prefix}layers.0.attention.wo.weight"]))
        {
            using (file)
            {
                Assert.Equal(["layers.0.attention.wo.weight", "norm.weight"], file.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
                using var weight = file.Read("norm.weight");
                Assert.Equal(2, weight.numel());
            }
        }
    }

    [Fact]
    public void Open_WrappersInsideTheKeys_AreRemoved()
    {
        foreach (var file in Files(["layers.0._orig_mod.attention.wo.weight", "layers.1._fsdp_wrapped_module.attention.wo.weight", "norm.weight"]))
        {
            using (file)
            {
                Assert.Equal(
                    ["layers.0.attention.wo.weight", "layers.1.attention.wo.weight", "norm.weight"],
                    file.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
            }
        }
    }

    [Theory]
    [InlineData(false, "model.a.weight")]
    [InlineData(true, "ema.a.weight")]
    public void Of_AveragesAndWeights_TakesTheRequestedSet(bool preferEma, string stored)
    {
        var keys = StateDictKeys.Of("here", ["model.a.weight", "model.b.weight", "ema.a.weight", "ema.b.weight"], preferEma);

        Assert.True(keys.HasAverages);
        Assert.Equal(stored, keys.Names["a.weight"]);
        Assert.Equal(["a.weight", "b.weight"], keys.Names.Keys);
    }

    [Fact]
    public void Of_AveragedModelOfTorch_HasNoCounter() =>
        Assert.Equal(["a"], StateDictKeys.Of("here", ["n_averaged", "module.a"], preferEma: false).Names.Keys);

    [Fact]
    public void Of_PrefixOfSomeKeysOnly_IsKept() =>
        Assert.Equal(["module.a", "b"], StateDictKeys.Of("here", ["module.a", "b"], preferEma: false).Names.Keys);

    [Fact]
    public void Of_TwoKeysBecomeOne_NamesBoth()
    {
        var error = Assert.Throws<CheckpointException>(() => StateDictKeys.Of("here", ["a._orig_mod.b", "a.b"], preferEma: false));

        Assert.Contains("'a._orig_mod.b' and 'a.b' are both 'a.b'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_state_dict")]
    [InlineData("model_state")]
    [InlineData("net")]
    [InlineData("weights")]
    public void Open_StateDictUnderAnotherName_IsFound(string wrapper)
    {
        TorchFileWriter.Write(_folder.File("a.pt"), [("a.weight", [2])], TorchFileWriter.FillRandom, wrapper);

        using var file = CheckpointFile.Open(_folder.File("a.pt"));

        Assert.Equal("a.weight", Assert.Single(file.Entries).Name);
    }

    [Theory]
    [InlineData("ema_state_dict")]
    [InlineData("model_ema")]
    public void Open_AveragesUnderAnotherName_AreFoundOnRequest(string wrapper)
    {
        TorchFileWriter.Write(_folder.File("a.pt"), [("module.a.weight", [2])], TorchFileWriter.FillRandom, wrapper);

        using var file = CheckpointFile.Open(_folder.File("a.pt"), preferEma: true);

        Assert.Equal("a.weight", Assert.Single(file.Entries).Name);
    }

    private IEnumerable<TensorFile> Files(string[] keys)
    {
        TorchFileWriter.Write(_folder.File("a.pt"), [.. keys.Select(key => (key, new long[] { 2 }))], TorchFileWriter.FillRandom);
        yield return CheckpointFile.Open(_folder.File("a.pt"));
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder.File("a.safetensors"), keys.Select(key => (key, ones(2))));
        yield return CheckpointFile.Open(_folder.File("a.safetensors"));
    }
}
