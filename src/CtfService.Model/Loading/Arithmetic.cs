using System.Runtime.InteropServices;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using TorchSharp;

namespace CtfService.Model.Loading;

/// <summary>
/// How a model rounds, in words: two that say the same give the same bits for the same weights, on any number of machines. Our own engine's sums depend on the
/// width of the vectors alone, libtorch's also on its version and its threads.
/// </summary>
internal static class Arithmetic
{
    /// <param name="fine">The fine engine that serves, which may have been chosen by timing; null for a plain model.</param>
    public static string OfOwnEngine(IFineEngine? fine) => fine is TorchFineEngine ? $"{Vectors}, fine pass: {Libtorch}" : Vectors;

    public static string OfLibtorch => $"{Vectors}, {Libtorch}";

    private static string Vectors => $"{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()} {(int)VectorWidths.Widest} bits";

    private static string Libtorch => $"TorchSharp {typeof(torch).Assembly.GetName().Version} on {torch.get_num_threads()} threads";
}
