using CtfService.Model.Loading;
using static TorchSharp.torch;

namespace CtfService.Cli.Shell;

/// <summary>How many cores libtorch works on; a choice of programs, not of libraries.</summary>
internal static class TorchThreads
{
    private const string Asked = "OMP_NUM_THREADS";

    /// <summary>Unless the environment asks for another number, as programs with OpenMP do.</summary>
    public static void UseAllCores()
    {
        NativeLibraries.RequireSystem();
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Asked)))
        {
            set_num_threads(Environment.ProcessorCount);
        }
    }
}
