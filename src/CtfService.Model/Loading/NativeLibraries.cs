using System.Runtime.InteropServices;
using CtfService.Core.Models;

namespace CtfService.Model.Loading;

/// <summary>Says in one message why the native libraries (libtorch, TorchSharp's, Skia's) do not load: mostly because the system is too old for them.</summary>
public static partial class NativeLibraries
{
    /// <summary>What <c>libLibTorchSharp.so</c> asks for (<c>pthread_cond_clockwait</c>); .NET itself is content with 2.27.</summary>
    public static readonly Version LeastGlibc = new(2, 34);

    private const string Needs =
        "Needed is x86-64 Linux with glibc 2.34 and GCC 12's libstdc++ (GLIBCXX_3.4.30) or newer, such as Debian 12, Ubuntu 22.04 or RHEL 10";

    private static readonly string[] Owners = ["TorchSharp", "SkiaSharp"];

    /// <summary>Looks at the system before the first use of libtorch, because TorchSharp prints a long trace if it fails.</summary>
    /// <exception cref="DeviceUnavailableException">The system is too old for the libraries.</exception>
    public static void RequireSystem()
    {
        if (OperatingSystem.IsLinux() && Problem(Glibc()) is { } problem)
        {
            throw new DeviceUnavailableException(problem);
        }
    }

    internal static string? Problem(Version? glibc) =>
        glibc >= LeastGlibc ? null : $"libtorch does not run here. {Needs}; {System(glibc)} (docs/operations.md).";

    /// <summary>The message, or null if the error is another one.</summary>
    public static string? Explain(Exception error) => Explain(error, OperatingSystem.IsLinux() ? Glibc() : null, LoaderMessage);

    /// <param name="glibc">This system's; null if it has none or is not Linux.</param>
    /// <param name="loaderMessage">What the system's loader says of the library itself; null if it loads.</param>
    internal static string? Explain(Exception error, Version? glibc, Func<string?> loaderMessage)
    {
        if (Find(error) is not { } fault)
        {
            return null;
        }

        var cause = loaderMessage() ?? FirstLine(fault.GetBaseException().Message);
        return $"The native libraries do not load. {Needs}; {System(glibc)} (docs/operations.md). The cause: {cause}";
    }

    private static string System(Version? glibc) => glibc is null ? "this system has no glibc: use the container image"
        : glibc < LeastGlibc ? $"this system has glibc {glibc}, which is too old: use a newer one, or the container image"
        : $"this system's glibc {glibc} is new enough, so look at libstdc++ and at whether all files of the program are there";

    /// <summary>TorchSharp wraps the fault in the failed start of its own types; .NET names a library that is missing.</summary>
    private static Exception? Find(Exception? error)
    {
        for (var inner = error; inner is not null; inner = inner.InnerException)
        {
            if ((inner is TypeInitializationException start && Owners.Any(owner => start.TypeName.StartsWith(owner, StringComparison.Ordinal)))
                || (inner is DllNotFoundException or BadImageFormatException && Owners.Any(owner => inner.Message.Contains(owner, StringComparison.Ordinal))))
            {
                return inner;
            }
        }

        return null;
    }

    /// <summary>TorchSharp does not pass on what the loader says, so ask it again.</summary>
    private static string? LoaderMessage()
    {
        string[] folders = [AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native")];
        if (Array.Find(folders, folder => File.Exists(Path.Combine(folder, "libLibTorchSharp.so"))) is not { } found)
        {
            return null;
        }

        try
        {
            NativeLibrary.Free(NativeLibrary.Load(Path.Combine(found, "libLibTorchSharp.so")));
            return null;
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            return FirstLine(error.Message);
        }
    }

    private static string FirstLine(string message) => message.Split('\n').Select(line => line.Trim())
        .FirstOrDefault(line => line.Contains("not found", StringComparison.Ordinal))
        ?? message.Split('\n', 2)[0].TrimEnd();

    private static Version? Glibc()
    {
        try
        {
            return Version.TryParse(Marshal.PtrToStringUTF8(GnuGetLibcVersion()), out var version) ? version : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException) // musl
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")]
    private static partial nint GnuGetLibcVersion();
}
