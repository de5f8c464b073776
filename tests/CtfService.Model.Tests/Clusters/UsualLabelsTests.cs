using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tests.Bundles;
using CtfService.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Clusters;

public sealed class UsualLabelsTests : IDisposable
{
    private const int None = UsualLabels.NoLabel;
    private const int Classes = 3;
    private const int Positions = 8;

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void MostUsual_CountedImages_GivesFrequenciesOfEachClassAndCell()
    {
        var usual = Counted();

        Assert.Equal((Classes, Positions), (usual.Classes, usual.Positions));
        Assert.Equal([2, 5], usual.LabelsOf(1, 3).ToArray());
        Assert.Equal([MathF.Log(0.25f), MathF.Log(0.75f)], usual.LogFrequenciesOf(1, 3).ToArray());
        Assert.Equal([0], usual.LogFrequenciesOf(2, 0).ToArray());
        Assert.Equal([false, true, true, false], Enumerable.Range(0, 4).Select(usual.Covers)); // class 3 is the null class
        Assert.Empty(usual.LabelsOf(0, 0).ToArray());
    }

    [Fact]
    public void MostUsual_MoreLabelsThanAreKept_KeepsTheMostUsual()
    {
        var counts = new LabelCounts(1, 1, 100);
        foreach (var label in Enumerable.Range(0, 40).SelectMany(label => Enumerable.Repeat(label, label is 7 or 33 ? 3 : 1)))
        {
            counts.Add(0, [label]);
        }

        var labels = counts.MostUsual().LabelsOf(0, 0).ToArray();

        Assert.Equal([.. Enumerable.Range(0, 15), 33], labels); // of those that were drawn once the lowest
    }

    [Fact]
    public void Add_WrongImage_IsRefused()
    {
        var counts = new LabelCounts(Classes, Positions, 8);

        Assert.Throws<ArgumentOutOfRangeException>(() => counts.Add(Classes, new int[Positions]));
        Assert.Throws<ArgumentOutOfRangeException>(() => counts.Add(0, new int[Positions - 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => counts.Add(0, [0, 0, 0, 0, 0, 0, 0, 8]));
    }

    [Fact]
    public void Load_Saved_GivesTheSame()
    {
        var usual = Counted();
        usual.Save(File);

        var loaded = Load();

        Assert.Equal(usual.Labels.ToArray(), loaded.Labels.ToArray());
        Assert.Equal(usual.LogFrequencies.ToArray(), loaded.LogFrequencies.ToArray(), (one, other) => one == other || Math.Abs(one - other) < 1e-3f);
    }

    [Theory]
    [InlineData(8, None, 0f, float.NegativeInfinity, "class 2, cell 7: the label is 8, expected 0 to 7, or -1 for none")]
    [InlineData(-2, None, 0f, float.NegativeInfinity, "the label is -2, expected 0 to 7")]
    [InlineData(3, 3, -1f, -1f, "the label 3 comes after 3; labels of a cell must ascend")]
    [InlineData(None, 3, float.NegativeInfinity, 0f, "the label 3 comes after -1, which must be last")]
    [InlineData(3, 4, float.NaN, 0f, "the logarithm of the frequency of label 3 is NaN, expected a finite number of at most 0")]
    [InlineData(3, 4, -1f, 0.5f, "the logarithm of the frequency of label 4 is 0.5, expected")]
    [InlineData(3, 4, float.NegativeInfinity, 0f, "the logarithm of the frequency of label 3 is -Infinity, expected")]
    [InlineData(3, None, 0f, 0f, "the logarithm of the frequency of no label is 0, expected minus infinity")]
    public void Load_WrongValues_AreNamed(int first, int second, float firstLog, float secondLog, string expected)
    {
        int[] labels = [.. Enumerable.Repeat<int[]>([1, 2], (Classes * Positions) - 1).SelectMany(cell => cell), first, second];
        float[] logs = [.. Enumerable.Repeat(-1f, 2 * ((Classes * Positions) - 1)), firstLog, secondLog];
        long[] shape = [Classes, Positions, 2];
        SafetensorsWriter.Write(File, [("labels", tensor(labels).reshape(shape)), ("log_frequencies", tensor(logs).reshape(shape))]);

        var message = Refusal();

        Assert.Contains(File, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("ctf usual-labels", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 8, 2, "expected [3, 8, K] for 3 classes and 8 positions")]
    [InlineData(3, 9, 2, "labels is [3, 9, 2]")]
    [InlineData(3, 8, 0, "expected [3, 8, K]")]
    public void Load_WrongShape_IsNamed(long classes, long positions, long most, string expected)
    {
        var shape = new[] { classes, positions, most };
        SafetensorsWriter.Write(File, [("labels", zeros(shape, int32)), ("log_frequencies", zeros(shape))]);

        Assert.Contains(expected, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WrongTensors_AreNamed()
    {
        SafetensorsWriter.Write(File, [("labels", zeros(1)), ("log_frequencies", zeros(1)), ("more", zeros(1))]);
        Assert.Contains("contains labels, log_frequencies, more; usual labels have labels and log_frequencies", Refusal(), StringComparison.Ordinal);

        SafetensorsWriter.Write(File, [("labels", zeros(3, 8, 2)), ("log_frequencies", zeros(3, 8, 2))]);
        Assert.Contains("labels is Float32", Refusal(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private string File => _folder.File("usual-labels.safetensors");

    private static UsualLabels Counted()
    {
        var counts = new LabelCounts(Classes, Positions, 8);
        foreach (var label in new[] { 5, 2, 5, 5 })
        {
            counts.Add(1, [0, 0, 0, label, 0, 0, 0, 0]);
        }

        counts.Add(2, [1, 2, 3, 4, 5, 6, 7, 0]);
        return counts.MostUsual();
    }

    private UsualLabels Load()
    {
        using var file = SafetensorsFile.Open(File);
        return UsualLabelsFile.Load(file, TinyManifest.Create().Coarse);
    }

    private string Refusal() => Assert.Throws<CheckpointException>(Load).Message;
}
