using System.Runtime.InteropServices;
using CtfService.Core.Models;

namespace CtfService.Model.Loading;

/// <summary>Explains why the native libraries (of libtorch, TorchSharp and Skia) do not load; usually the system is too old.</summary>
public static partial class NativeLibraries
{
    /// <summary>The version that <c>libLibTorchSharp.so</c> requires (<c>pthread_cond_clockwait</c>); .NET itself requires 2.27.</summary>
    public static readonly Version LeastGlibc = new(2, 34);

    private const string Needs =
        "They require x86-64 Linux with glibc 2.34 and GCC 12's libstdc++ (GLIBCXX_3.4.30) or newer, such as Debian 12, Ubuntu 22.04 or RHEL 10";

    private static readonly string[] Owners = ["TorchSharp", "SkiaSharp"];

    /// <summary>Checks the system before the first use of libtorch, because TorchSharp prints a long stack trace if it fails.</summary>
    /// <exception cref="DeviceUnavailableException">The system is too old.</exception>
    public static void RequireSystem()
    {
        if (OperatingSystem.IsLinux() && Problem(Glibc()) is { } problem)
        {
            throw new DeviceUnavailableException(problem);
        }
    }

    internal static string? Problem(Version? glibc) =>
        glibc >= LeastGlibc ? null : $"The native libraries do not run here. {Needs}; {System(glibc)} (docs/operations.md).";

    /// <summary>Returns the message, or null if the error has another cause.</summary>
    public static string? Explain(Exception error) => Explain(error, OperatingSystem.IsLinux() ? Glibc() : null, LoaderMessage);

    /// <param name="glibc">This system's version; null if it has no glibc or is not Linux.</param>
    /// <param name="loaderMessage">Returns the system loader's message about the library; null if it loads.</param>
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
        : glibc < LeastGlibc ? $"this system has glibc {glibc}, which is too old: use a newer system, or the container image"
        : $"this system's glibc {glibc} is new enough, so check the version of libstdc++ and that no file of the program is missing";

    /// <summary>Finds the cause: TorchSharp wraps it in the failed initialisation of its own types; .NET names a missing library.</summary>
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

    /// <summary>Loads the library again, because TorchSharp does not pass on the loader's message.</summary>
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
