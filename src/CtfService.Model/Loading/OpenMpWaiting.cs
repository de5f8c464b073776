using System.Runtime.InteropServices;

namespace CtfService.Model.Loading;

/// <summary>
/// How the threads of libtorch wait for each other. By default they spin, which is fastest on an idle machine. Beside other programs they spin while the thread
/// that they wait for has no core, and one VQ encode takes twenty times as long.
/// </summary>
internal static partial class OpenMpWaiting
{
    private const string Variable = "OMP_WAIT_POLICY";

    /// <summary>
    /// Lets the threads sleep instead, unless the environment variable says how they wait. Has no effect after libtorch's first use: its OpenMP reads the
    /// variable when it is loaded.
    /// </summary>
    public static void Sleep()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SetVariable(Variable, "PASSIVE", overwrite: 0); // .NET's own setter does not change the environment that native code reads
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
