using System.Runtime.InteropServices;
using CtfService.Core.Generation;

namespace CtfService.Model.Memory;

/// <summary>Tells a full device from other faults.</summary>
public static class MemoryFault
{
    /// <summary>
    /// What libtorch and the libraries below it say of a full memory; nothing else in their errors tells it. A status that means other faults too, such as
    /// CUDNN_STATUS_INTERNAL_ERROR, is not among them: to run less at once would hide those.
    /// </summary>
    private static readonly string[] Words =
    [
        "out of memory", // CUDA's allocator and runtime, NVRTC and the driver's error strings
        "out_of_memory", // names of the same: CUDA_ERROR_OUT_OF_MEMORY, NVRTC_ERROR_OUT_OF_MEMORY
        "cudaErrorMemoryAllocation",
        "CUBLAS_STATUS_ALLOC_FAILED", // also when cuBLAS makes its handle or workspace beside a full device
        "CUDNN_STATUS_ALLOC_FAILED",
        "CUSOLVER_STATUS_ALLOC_FAILED",
        "CUSPARSE_STATUS_ALLOC_FAILED",
        "CUFFT_ALLOC_FAILED",
        "can't allocate memory", // the CPU allocator
        "cannot allocate memory", // the C library's ENOMEM
        "not enough memory", // the CPU allocator of other builds
        "bad_alloc", // C++
    ];

    /// <summary>True if the error, or one that it wraps, says that there is too little memory.</summary>
    public static bool Is(Exception error) => error switch
    {
        OutOfMemoryException or OutOfDeviceMemoryException => true,
        ExternalException report => Words.Any(word => report.Message.Contains(word, StringComparison.OrdinalIgnoreCase)),
        { InnerException: { } inner } => Is(inner),
        _ => false,
    };
}
