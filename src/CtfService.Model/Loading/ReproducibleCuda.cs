using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>
/// A scope in which libtorch computes on CUDA with algorithms that give the same bits at every run, so that a resumed training is that of an uninterrupted one.
/// Without it, gradients of look-ups, attention and convolutions are sums that threads add in any order. An operation without such an algorithm still runs;
/// libtorch warns once.
/// </summary>
/// <remarks>TorchSharp 0.107 declares this setting but does not implement it, so libtorch's own functions are called.</remarks>
public sealed partial class ReproducibleCuda : IDisposable
{
    /// <summary>The variable from which cuBLAS takes the size of its buffers; these sizes make its sums reproducible.</summary>
    private const string Variable = "CUBLAS_WORKSPACE_CONFIG";

    private const string Library = "torch_cpu"; // also of the CUDA build

    private readonly bool _before;

    private ReproducibleCuda()
    {
        _before = IsSet;
        Set(true);
    }

    /// <summary>Whether libtorch uses these algorithms.</summary>
    internal static bool IsSet => AreDeterministic(GlobalContext());

    /// <summary>Opens the scope, for the whole process. It must be opened before the first matrix product on CUDA.</summary>
    /// <returns>Null on other devices, which are reproducible by themselves.</returns>
    public static ReproducibleCuda? On(Device device)
    {
        if (device.type != DeviceType.CUDA)
        {
            return null;
        }

        _ = SetVariable(Variable, ":4096:8", overwrite: 0); // .NET's own setter does not change the environment that native code reads
        return Open();
    }

    public void Dispose() => Set(_before);

    /// <summary>Opens the scope on any device.</summary>
    internal static ReproducibleCuda Open()
    {
        InitializeDeviceType(DeviceType.CPU); // loads the library
        return new();
    }

    private static void Set(bool areDeterministic)
    {
        var context = GlobalContext();
        SetDeterministic(context, areDeterministic, warnOnly: true);
        SetFillOfNewMemory(context, fills: false); // would only find reads of memory that nothing has written, at the cost of writing all of it
    }

    [LibraryImport(Library, EntryPoint = "_ZN2at13globalContextEv")]
    private static partial nint GlobalContext();

    [LibraryImport(Library, EntryPoint = "_ZNK2at7Context23deterministicAlgorithmsEv")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static partial bool AreDeterministic(nint context);

    [LibraryImport(Library, EntryPoint = "_ZN2at7Context26setDeterministicAlgorithmsEbb")]
    private static partial void SetDeterministic(
        nint context, [MarshalAs(UnmanagedType.U1)] bool areDeterministic, [MarshalAs(UnmanagedType.U1)] bool warnOnly);

    [LibraryImport(Library, EntryPoint = "_ZN2at7Context39setDeterministicFillUninitializedMemoryEb")]
    private static partial void SetFillOfNewMemory(nint context, [MarshalAs(UnmanagedType.U1)] bool fills);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
