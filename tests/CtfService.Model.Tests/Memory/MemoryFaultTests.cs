using System.ComponentModel;
using CtfService.Core.Generation;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Memory;

namespace CtfService.Model.Tests.Memory;

public sealed class MemoryFaultTests
{
    /// <summary>Errors of libtorch are external exceptions, like this one.</summary>
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", true)]
    [InlineData("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1099511627776 bytes.", true)]
    [InlineData("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call", true)]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", true)]
    [InlineData("cuDNN error: CUDNN_STATUS_ALLOC_FAILED", true)]
    [InlineData("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`", true)]
    [InlineData("CUDA driver error: CUDA_ERROR_OUT_OF_MEMORY", true)]
    [InlineData("nvrtc: error: NVRTC_ERROR_OUT_OF_MEMORY", true)]
    [InlineData("[enforce fail at CPUAllocator.cpp:50] DefaultCPUAllocator: not enough memory: you tried to allocate 4096 bytes.", true)]
    [InlineData("std::bad_alloc", true)]
    [InlineData("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR", false)]
    [InlineData("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`", false)]
    [InlineData("CUDA error: an illegal memory access was encountered", false)]
    [InlineData("mat1 and mat2 shapes cannot be multiplied", false)]
    public void Is_ErrorOfLibtorch_DependsOnItsText(string text, bool expected) => Assert.Equal(expected, MemoryFault.Is(new Win32Exception(0, text)));

    [Fact]
    public void Is_InnerError_IsRecognised()
    {
        Assert.True(MemoryFault.Is(new TypeInitializationException("Handle", new Win32Exception(0, "CUDA out of memory"))));
        Assert.True(MemoryFault.Is(new OutOfDeviceMemoryException("The device is full.")));
        Assert.False(MemoryFault.Is(new InvalidOperationException("out of memory", new Win32Exception(0, "invalid device ordinal"))));
    }

    [Fact]
    public void Is_LibtorchIsOutOfMemory_IsRecognised() => Assert.True(MemoryFault.Is(Record.Exception(() => TorchSharp.torch.zeros(1L << 50))!));

    [Fact]
    public void Is_OurOwnMemoryIsFull_IsRecognised() => Assert.True(MemoryFault.Is(Record.Exception(() => new NativeBuffer(1L << 60))!));
}
