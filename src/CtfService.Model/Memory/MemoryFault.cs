using System.Runtime.InteropServices;
using CtfService.Core.Generation;

namespace CtfService.Model.Memory;

/// <summary>Recognises errors that are caused by too little memory.</summary>
public static class MemoryFault
{
    /// <summary>
    /// The words in errors of libtorch and its libraries that mean too little memory; the errors have no code. A status with other causes, such as
    /// CUDNN_STATUS_INTERNAL_ERROR, is not included, because smaller batches would hide them.
    /// </summary>
    private static readonly string[] Words =
    [
        "out of memory", // CUDA's allocator and runtime, NVRTC and the driver's error strings
        "out_of_memory", // their names: CUDA_ERROR_OUT_OF_MEMORY, NVRTC_ERROR_OUT_OF_MEMORY
        "cudaErrorMemoryAllocation",
        "CUBLAS_STATUS_ALLOC_FAILED", // also if cuBLAS cannot allocate its handle or workspace
        "CUDNN_STATUS_ALLOC_FAILED",
        "CUSOLVER_STATUS_ALLOC_FAILED",
        "CUSPARSE_STATUS_ALLOC_FAILED",
        "CUFFT_ALLOC_FAILED",
        "can't allocate memory", // the CPU allocator
        "cannot allocate memory", // the C library's ENOMEM
        "not enough memory", // the CPU allocator of other builds
        "bad_alloc", // C++
    ];

    /// <summary>Returns true if the error, or an inner one, means too little memory.</summary>
    public static bool Is(Exception error) => error switch
    {
        OutOfMemoryException or OutOfDeviceMemoryException => true,
        ExternalException report => Words.Any(word => report.Message.Contains(word, StringComparison.OrdinalIgnoreCase)),
        { InnerException: { } inner } => Is(inner),
        _ => false,
    };
}
