using System.Runtime.InteropServices;
using System.Text;

namespace CtfService.Model.Memory;

/// <summary>Reads the name of a CUDA device from the driver, because TorchSharp does not expose it.</summary>
public static partial class CudaName
{
    private const string Library = "libcuda.so.1";
    private const int Capacity = 256;

    /// <summary>Returns a name such as <c>NVIDIA H100 80GB HBM3</c>; null if there is no such device or no driver.</summary>
    /// <param name="ordinal">The index of the device in libtorch, within CUDA_VISIBLE_DEVICES.</param>
    public static string? Of(int ordinal)
    {
        try
        {
            var name = new byte[Capacity];
            return Init(flags: 0) == 0 && DeviceGet(out var device, ordinal) == 0 && GetName(name, Capacity, device) == 0
                ? Encoding.UTF8.GetString(name.AsSpan(0, Math.Max(0, Array.IndexOf(name, (byte)0))))
                : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            return null;
        }
    }

    [LibraryImport(Library, EntryPoint = "cuInit")]
    private static partial int Init(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    private static partial int DeviceGet(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    private static partial int GetName([Out] byte[] name, int length, int device);
}
