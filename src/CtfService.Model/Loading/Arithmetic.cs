using System.Runtime.InteropServices;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using TorchSharp;

namespace CtfService.Model.Loading;

/// <summary>
/// Describes how a model rounds. Models with the same description give the same bits for the same weights, on any machine. The sums of our CPU engine depend
/// only on the vector width, those of libtorch also on its version and its number of threads.
/// </summary>
internal static class Arithmetic
{
    /// <param name="fine">The fine engine in use, which may have been chosen by timing; null for a plain model.</param>
    /// <param name="width">The vector width of our engine; null for the widest.</param>
    public static string OfSimd(IFineEngine? fine, VectorWidth? width) => fine is TorchFineEngine ? $"{Vectors(width)}, fine pass: {Libtorch}" : Vectors(width);

    /// <param name="window">The positions of a row in a decode step: the shapes of products, and so their sums, depend on it.</param>
    public static string OfTorch(int window) => $"{Vectors(width: null)}, {Libtorch}{(window > 1 ? $", windows of {window}" : "")}";

    private static string Vectors(VectorWidth? width) =>
        $"{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()} {(int)(width ?? VectorWidths.Widest)} bits";

    private static string Libtorch => $"TorchSharp {typeof(torch).Assembly.GetName().Version} on {torch.get_num_threads()} threads";
}
