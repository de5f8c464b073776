using CtfService.Model.Cpu.Runtime;

namespace CtfService.Model.Tests.Cpu.Runtime;

public sealed unsafe class NativeBufferTests
{
    private const long HugePage = 2 << 20;

    [Theory]
    [InlineData(1, 64)]
    [InlineData(HugePage - 1, 64)]
    [InlineData(HugePage, HugePage)]
    [InlineData((5 * HugePage) + 3, HugePage)]
    public void Bytes_AnySize_IsAlignedZeroedAndWritable(long length, long alignment)
    {
        using var buffer = new NativeBuffer(length);

        Assert.Equal(0, (nint)buffer.Bytes % (OperatingSystem.IsLinux() ? alignment : 64));
        Assert.Equal(-1, new ReadOnlySpan<byte>(buffer.Bytes, (int)length).IndexOfAnyExcept((byte)0));
        buffer.Bytes[length - 1] = 7;
        Assert.Equal(7, buffer.Bytes[length - 1]);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(HugePage)]
    public void Dispose_Twice_FreesOnce(long length)
    {
        var buffer = new NativeBuffer(length);

        buffer.Dispose();
        buffer.Dispose();

        Assert.True(buffer.Bytes is null);
    }
}
