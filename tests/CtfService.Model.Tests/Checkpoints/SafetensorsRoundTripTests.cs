using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Storage;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Checkpoints;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Read_EveryDtype_ReturnsWhatWasWritten(ScalarType dtype)
    {
        var written = tensor(new float[] { 0, 1, 2, 100, 5.5f, 7 }).reshape(2, 3).to(dtype);

        SafetensorsWriter.Write(_folder.File("a"), [("values", written)]);

        using var file = SafetensorsFile.Open(_folder.File("a"));
        var read = file.Read("values");
        Assert.Equal(dtype, read.dtype);
        TensorAssert.Equal(written, read);
    }

    [Fact]
    public void Read_ScalarAndEmpty_KeepTheirShapes()
    {
        SafetensorsWriter.Write(_folder.File("a"), [("scalar", tensor(3.5f)), ("empty", zeros(0, 5)), ("last", ones(2))]);

        using var file = SafetensorsFile.Open(_folder.File("a"));
        Assert.Empty(file.Entry("scalar").Shape);
        Assert.Equal(3.5f, file.Read("scalar").item<float>());
        Assert.Equal([0, 5], file.Read("empty").shape);
    }

    [Fact]
    public void Read_NonContiguousTensor_IsStoredRowMajor()
    {
        var written = arange(6, float32).reshape(2, 3).t();

        SafetensorsWriter.Write(_folder.File("a"), [("transposed", written)]);

        using var file = SafetensorsFile.Open(_folder.File("a"));
        TensorAssert.Equal(written, file.Read("transposed"));
    }

    [Fact]
    public void Read_AnotherDtype_Casts()
    {
        SafetensorsWriter.Write(_folder.File("a"), [("values", ones(3))]);

        using var file = SafetensorsFile.Open(_folder.File("a"));
        Assert.Equal(ScalarType.BFloat16, file.Read("values", ScalarType.BFloat16).dtype);
    }

    [Fact]
    public void Write_CastFloatingTo_KeepsIntegers()
    {
        SafetensorsWriter.Write(_folder.File("a"), [("weights", ones(3)), ("tokens", ones(3, int64))], castFloatingTo: ScalarType.Float16);

        using var file = SafetensorsFile.Open(_folder.File("a"));
        Assert.Equal(ScalarType.Float16, file.Entry("weights").Dtype);
        Assert.Equal(ScalarType.Int64, file.Entry("tokens").Dtype);
    }

    [Fact]
    public void Write_OtherOrderOfTensorsAndMetadata_GivesTheSameBytes()
    {
        var (left, right) = (ones(3), zeros(1, uint8));

        SafetensorsWriter.Write(_folder.File("a"), [("left", left), ("right", right)], new Dictionary<string, string> { ["x"] = "1", ["y"] = "2" });
        SafetensorsWriter.Write(_folder.File("b"), [("right", right), ("left", left)], new Dictionary<string, string> { ["y"] = "2", ["x"] = "1" });

        Assert.Equal(File.ReadAllBytes(_folder.File("a")), File.ReadAllBytes(_folder.File("b")));
    }

    [Fact]
    public void Write_AnyHeader_DataStartsAtAMultipleOfEight()
    {
        SafetensorsWriter.Write(_folder.File("a"), [("name", ones(1))], new Dictionary<string, string> { ["note"] = "odd" });

        Assert.Equal(0, BitConverter.ToInt64(File.ReadAllBytes(_folder.File("a"))) % 8);
    }

    [Fact]
    public void Write_Failure_KeepsOnlyTheOldFile()
    {
        SafetensorsWriter.Write(_folder.File("a"), [("name", ones(1))]);
        var before = File.ReadAllBytes(_folder.File("a"));

        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_folder.File("a"), [("same", ones(1)), ("same", ones(1))]));
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(_folder.File("a"), _ => throw new InvalidOperationException()));

        Assert.Equal(before, File.ReadAllBytes(_folder.File("a")));
        Assert.Single(Directory.GetFiles(_folder.Root));
    }

    [Theory]
    [InlineData(float.NaN, null, "F32")]
    [InlineData(float.NegativeInfinity, null, "F32")]
    [InlineData(1e5f, ScalarType.Float16, "F16")]
    public void Write_NonFiniteWeights_AreRefusedAndTheOldFileIsKept(float value, ScalarType? cast, string type)
    {
        SafetensorsWriter.Write(_folder.File("a"), [("weight", ones(2))], requireFinite: true);
        var before = File.ReadAllBytes(_folder.File("a"));

        var exception = Assert.Throws<CheckpointException>(
            () => SafetensorsWriter.Write(
                _folder.File("a"), [("fine", ones(2)), ("broken", tensor(new[] { 1, value }))],
                castFloatingTo: cast, requireFinite: true));

        Assert.Contains($"'broken' contains NaN or infinity as {type}", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_folder.File("a")));
    }

    [Fact]
    public void Metadata_OfTheReference_IsRead()
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File("sampling.safetensors"));

        var described = file.Metadata.Keys.Where(key => key.StartsWith("desc:", StringComparison.Ordinal)).Select(key => key["desc:".Length..]).ToList();
        Assert.NotEmpty(described);
        Assert.All(described, name => Assert.True(file.Contains(name), name));
    }

    [Fact]
    public void Read_AfterDispose_Throws()
    {
        SafetensorsWriter.Write(_folder.File("a"), [("name", ones(1))]);
        var file = SafetensorsFile.Open(_folder.File("a"));

        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => file.Read("name"));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }
}
