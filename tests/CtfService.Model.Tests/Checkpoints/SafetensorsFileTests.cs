using System.Buffers.Binary;
using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "truncated")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "the tensors take 8 bytes, but the file has 9")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "takes 4 bytes, but F32 [2] takes 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "leaves a gap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}""", 8, "an end that is not smaller")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "an end that is not smaller")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "'-1' in shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "'1.5' in shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "whose size in bytes overflows")]
    [InlineData("""{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,8]}}""", 8, "has the dtype F4; expected one of F64")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,8]}}""", 8, "has the dtype (none)")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "has no array 'shape'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"strides":[1]}}""", 4, "unknown field 'strides'")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "not valid JSON")]
    [InlineData("""{"a":3}""", 0, "described by a JSON Number")]
    [InlineData("""{"__metadata__":{"a":3}}""", 0, "expected a string")]
    [InlineData("[]", 0, "expected an object of tensors")]
    [InlineData("{", 0, "not valid JSON")]
    public void Open_MalformedHeader_SaysWhatIsWrong(string header, int dataLength, string expected)
    {
        var path = Write((ulong)header.Length, header, dataLength);

        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3UL)] // one byte too many
    [InlineData(ulong.MaxValue)]
    public void Open_HeaderLongerThanFile_IsRefused(ulong declared)
    {
        var path = Write(declared, "{}", 0);

        var error = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.Contains($"declares a header of {declared} bytes; expected at most 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TooShortForALength_IsRefused()
    {
        File.WriteAllBytes(_folder.File("a"), new byte[7]);

        Assert.Contains("has 7 bytes", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.File("a"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MissingFile_NamesIt()
    {
        Assert.Contains("nowhere", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder.File("nowhere"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x0280)] // the start of a pickle
    [InlineData(0x0500)]
    [InlineData(0x8b1f)] // gzip
    public void Open_HeaderLengthLikeAnotherFormat_IsRead(int headerLength)
    {
        using var file = SafetensorsFile.Open(Write((ulong)headerLength, "{}".PadRight(headerLength), 0));

        Assert.Empty(file.Entries);
    }

    [Fact]
    public void Open_NoTensors_IsRead()
    {
        using var file = SafetensorsFile.Open(Write(4, "{}  ", 0));

        Assert.Empty(file.Entries);
    }

    [Fact]
    public void Read_UnknownName_ListsTheKnownOnes()
    {
        const string header = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""";
        using var file = SafetensorsFile.Open(Write((ulong)header.Length, header, 1));

        Assert.Contains("has no tensor 'b'; it has a", Assert.Throws<CheckpointException>(() => file.Read("b")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(ulong declared, string header, int dataLength)
    {
        var prefix = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, declared);
        File.WriteAllBytes(_folder.File("a"), [.. prefix, .. Encoding.UTF8.GetBytes(header), .. new byte[dataLength]]);
        return _folder.File("a");
    }
}
