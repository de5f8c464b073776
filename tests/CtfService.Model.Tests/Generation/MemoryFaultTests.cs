using System.ComponentModel;
using CtfService.Model.Cpu.Memory;
using CtfService.Model.Generation;

namespace CtfService.Model.Tests.Generation;

public sealed class MemoryFaultTests
{
    /// <summary>libtorch's reports are external exceptions, of which this is one.</summary>
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", true)]
    [InlineData("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1099511627776 bytes.", true)]
    [InlineData("mat1 and mat2 shapes cannot be multiplied", false)]
    public void Is_ReportOfLibtorch_GoesByItsText(string text, bool expected) => Assert.Equal(expected, MemoryFault.Is(new Win32Exception(0, text)));

    [Fact]
    public void Is_LibtorchIsOutOfMemory_IsRecognised() => Assert.True(MemoryFault.Is(Record.Exception(() => TorchSharp.torch.zeros(1L << 50))!));

    [Fact]
    public void Is_OurOwnMemoryIsFull_IsRecognised() => Assert.True(MemoryFault.Is(Record.Exception(() => new NativeBuffer(1L << 60))!));
}
