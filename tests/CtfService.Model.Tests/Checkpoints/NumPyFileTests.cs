using System.IO.Compression;
using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Checkpoints;

public sealed class NumPyFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Array => _folder.File("a.npy");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("<i4", new byte[] { 1, 0, 0, 0, 2, 1, 0, 0 }, new long[] { 1, 258 })]
    [InlineData(">i4", new byte[] { 0, 0, 0, 1, 0, 0, 1, 2 }, new long[] { 1, 258 })]
    [InlineData("|u1", new byte[] { 1, 255 }, new long[] { 1, 255 })]
    [InlineData("|i1", new byte[] { 1, 255 }, new long[] { 1, -1 })]
    [InlineData("<u2", new byte[] { 1, 0, 255, 255 }, new long[] { 1, 65535 })]
    [InlineData(">u2", new byte[] { 0, 1, 1, 2 }, new long[] { 1, 258 })]
    [InlineData("<i2", new byte[] { 1, 0, 255, 255 }, new long[] { 1, -1 })]
    [InlineData("<u4", new byte[] { 1, 0, 0, 0, 255, 255, 255, 255 }, new long[] { 1, uint.MaxValue })]
    [InlineData("<i8", new byte[] { 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0 }, new long[] { 1, 2 })]
    [InlineData(">u8", new byte[] { 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2 }, new long[] { 1, 2 })]
    public void Open_IntegersOfAnyWidthAndByteOrder_AreRead(string type, byte[] content, long[] expected)
    {
        for (var version = 1; version <= 3; version++)
        {
            File.WriteAllBytes(Array, Npy(type, "(2,)", content, version));

            Assert.Equal(expected, Numbers(Array, "array"));
        }
    }

    [Theory]
    [InlineData("False", new long[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData("True", new long[] { 0, 2, 4, 1, 3, 5 })]
    public void Open_FortranOrder_IsReadRowMajor(string fortran, long[] expected)
    {
        File.WriteAllBytes(Array, Npy("|u1", "(2, 3)", [0, 1, 2, 3, 4, 5], fortran: fortran));

        Assert.Equal(expected, Numbers(Array, "array"));
    }

    [Theory]
    [InlineData("()", 1)]
    [InlineData("(2L,)", 2)]
    [InlineData("(0,)", 0)]
    [InlineData("(1, 2, 1)", 2)]
    public void Open_AnyShape_IsRead(string shape, int count)
    {
        File.WriteAllBytes(Array, Npy("|u1", shape, [.. Enumerable.Range(0, count).Select(i => (byte)i)]));

        Assert.Equal(count, Numbers(Array, "array").Length);
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Open_ArchiveOfArrays_NamesThem(CompressionLevel compression)
    {
        using (var zip = ZipFile.Open(_folder.File("a.npz"), ZipArchiveMode.Create))
        {
            foreach (var name in new[] { "labels", "other" })
            {
                using var entry = zip.CreateEntry($"{name}.npy", compression).Open();
                entry.Write(Npy("|u1", "(2,)", [7, 9]));
            }
        }

        using var file = CheckpointFile.Open(_folder.File("a.npz"));

        Assert.Equal(["labels", "other"], file.Entries.Select(entry => entry.Name));
        Assert.Equal([7, 9], Numbers(_folder.File("a.npz"), "labels"));
    }

    [Theory]
    [InlineData("|O", "(2,)", "has the NumPy dtype '|O'; expected integers")]
    [InlineData("<U4", "(2,)", "has the NumPy dtype '<U4'")]
    [InlineData("[('a', '<i4')]", "(2,)", "has no supported 'descr' in its NumPy header; structured and object arrays")]
    [InlineData("<i4", "(99999999999999999999,)", "has '99999999999999999999' in the shape")]
    [InlineData("<i4", "(9999999999, 9999999999)", "at most 67108864 elements of this dtype are supported")]
    [InlineData("<i4", "(3,)", "ends 4 bytes too early; it was truncated")]
    [InlineData("<i4", "2", "has no supported 'shape'")]
    public void Open_OtherContentOrDamage_SaysWhatIsWrong(string type, string shape, string expected)
    {
        File.WriteAllBytes(Array, Npy(type, shape, new byte[8]));

        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => CheckpointFile.Open(Array)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NumberAboveTheLargest_IsRefused()
    {
        File.WriteAllBytes(Array, Npy("<u8", "(1,)", [.. Enumerable.Repeat((byte)255, 8)]));
        using var file = CheckpointFile.Open(Array);

        Assert.Contains(
            "contains the value 18446744073709551615",
            Assert.Throws<CheckpointException>(() => file.Read("array")).Message,
            StringComparison.Ordinal);
    }

    /// <summary>Returns a file as numpy.save writes it.</summary>
    internal static byte[] Npy(string type, string shape, byte[] content, int version = 1, string fortran = "False")
    {
        var description = type.StartsWith('[') ? type : $"'{type}'";
        var header = Encoding.UTF8.GetBytes($"{{'descr': {description}, 'fortran_order': {fortran}, 'shape': {shape}, }}   \n");
        byte[] length = version == 1 ? [(byte)header.Length, 0] : [(byte)header.Length, 0, 0, 0];
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. header, .. content];
    }

    private static long[] Numbers(string path, string name)
    {
        using var scope = NewDisposeScope();
        using var file = CheckpointFile.Open(path);
        return file.Read(name, ScalarType.Int64).flatten().data<long>().ToArray();
    }
}
