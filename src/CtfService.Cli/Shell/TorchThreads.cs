using CtfService.Model.Loading;
using static TorchSharp.torch;

namespace CtfService.Cli.Shell;

/// <summary>Sets the number of threads of libtorch, which is up to the program, not to a library.</summary>
internal static class TorchThreads
{
    private const string Variable = "OMP_NUM_THREADS";

    /// <summary>Uses all cores unless the environment sets a number, as in any program with OpenMP.</summary>
    public static void UseAllCores()
    {
        NativeLibraries.RequireSystem();
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)))
        {
            set_num_threads(Environment.ProcessorCount);
        }
    }
}
