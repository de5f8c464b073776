using static TorchSharp.torch;

namespace CtfService.Cli;

/// <summary>How many cores libtorch works on; a choice of programs, not of libraries.</summary>
internal static class TorchThreads
{
    public static void UseAllCores() => set_num_threads(Environment.ProcessorCount);
}
