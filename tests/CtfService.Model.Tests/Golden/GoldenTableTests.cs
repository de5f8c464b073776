using CtfService.Model.Checkpoints;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using Xunit.Sdk;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>Tests that the comparison fails when values differ.</summary>
public sealed class GoldenTableTests : IDisposable
{
    private static readonly GoldenTable<float> Table = new GoldenTable<float>()
        .Input("given")
        .Close(@"scaled(\d+)", 1e-5, (unit, golden) => full(2, unit * golden.Number))
        .Close(@"scaled7|other", 1e-5, (_, _) => ones(2));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void TensorsWithoutOneRow_NoRowOrTwo_AreNamed()
    {
        using var file = Write(("given", ones(1)), ("scaled3", ones(2)), ("scaled7", ones(2)), ("other", ones(2)), ("scaled3_more", ones(2)));

        Assert.Equal(["scaled3_more", "scaled7"], Table.TensorsWithoutOneRow(file).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Check_EveryTensorOfTheRow_IsCompared()
    {
        using var file = Write(("scaled2", full(2, 2f)), ("scaled3", full(2, 3.1f)));

        var error = Assert.ThrowsAny<XunitException>(() => Table.Check(@"scaled(\d+)", 1f, file, _ => { }));

        Assert.Contains("scaled3 at [0]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cases_OfAFolder_HoldOnlyTheRowsThatAFileHas()
    {
        using var file = Write(("given", ones(1)), ("scaled2", ones(2)));

        var cases = Table.Cases(["present", "absent"], name => name == "present" ? file.Path : _folder.File("none"));

        Assert.Equal([["present", "given"], ["present", @"scaled(\d+)"]], cases);
    }

    public void Dispose() => _folder.Dispose();

    private SafetensorsFile Write(params (string Name, Tensor Value)[] tensors)
    {
        SafetensorsWriter.Write(_folder.File("golden"), tensors);
        return SafetensorsFile.Open(_folder.File("golden"));
    }
}
