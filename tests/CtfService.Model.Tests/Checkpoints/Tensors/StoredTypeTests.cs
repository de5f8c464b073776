using System.Buffers.Binary;
using System.Text;
using CtfService.Model.Checkpoints;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Checkpoints.Tensors;

/// <summary>Dtypes of safetensors that libtorch lacks, or that are rare.</summary>
public sealed class StoredTypeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("F8_E4M3", new byte[] { 0x00, 0x38, 0xb8, 0x01, 0x7e, 0x08, 0x80 }, new[] { 0, 1, -1, 0.001953125, 448, 0.015625, 0 })]
    [InlineData("F8_E5M2", new byte[] { 0x3c, 0xbc, 0x7b, 0x01, 0x7c }, new[] { 1, -1, 57344, 1.52587890625e-05, double.PositiveInfinity })]
    [InlineData("U16", new byte[] { 255, 255, 1, 0 }, new double[] { 65535, 1 })]
    [InlineData("U32", new byte[] { 255, 255, 255, 255 }, new double[] { uint.MaxValue })]
    [InlineData("U64", new byte[] { 5, 0, 0, 0, 0, 0, 0, 0 }, new double[] { 5 })]
    [InlineData("BOOL", new byte[] { 0, 1 }, new double[] { 0, 1 })]
    [InlineData("F64", new byte[] { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f }, new double[] { 1 })]
    public void Open_ElementsOfTheDtype_AreRead(string dtype, byte[] content, double[] expected)
    {
        Write(dtype, $"[{expected.Length}]", content);

        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder.File("a"));

        Assert.Equal(expected, file.Read("a", ScalarType.Float64).data<double>().ToArray());
    }

    [Fact]
    public void Open_NaNInEightBits_IsNaN()
    {
        Write("F8_E4M3", "[2]", [0x7f, 0xff]);

        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder.File("a"));

        Assert.All(file.Read("a").data<float>().ToArray(), value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Open_ComplexNumbers_AreRead()
    {
        Write("C64", "[1]", [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]); // 1 + 2i

        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder.File("a"));

        Assert.Equal((1f, 2f), file.Read("a").data<(float, float)>()[0]);
    }

    [Theory]
    [InlineData("{}", 0)]
    [InlineData("{\"__metadata__\":null}", 0)]
    [InlineData("{\"__metadata__\":{}}", 0)]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}   \n ", 4)]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[0,0]}}", 0)]
    public void Open_FileThatTheReferenceReads_IsRead(string header, int length)
    {
        File.WriteAllBytes(_folder.File("a"), Bytes(header, new byte[length]));

        using var file = SafetensorsFile.Open(_folder.File("a"));

        foreach (var entry in file.Entries)
        {
            file.Read(entry.Name).Dispose();
        }
    }

    private void Write(string dtype, string shape, byte[] content) => File.WriteAllBytes(
        _folder.File("a"), Bytes($"{{\"a\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[0,{content.Length}]}}}}", content));

    private static byte[] Bytes(string header, byte[] content)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. Encoding.UTF8.GetBytes(header), .. content];
    }
}
