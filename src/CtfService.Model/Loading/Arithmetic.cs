using System.Runtime.InteropServices;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using TorchSharp;

namespace CtfService.Model.Loading;

/// <summary>
/// Describes how a model rounds. Models with the same description give the same bits for the same weights, on any machine. The sums of our CPU engine depend
/// on nothing else, those of libtorch on its version, its number of threads and the widest vectors of the processor.
/// </summary>
internal static class Arithmetic
{
    private static readonly string Processor = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static readonly string Ours = $"{Processor}, sums of 16 lanes";

    /// <param name="fine">The fine engine in use, which may have been chosen by timing; null for a plain model.</param>
    public static string OfSimd(IFineEngine? fine) => fine is TorchFineEngine ? $"{Ours}, fine pass: {Libtorch}" : Ours;

    /// <param name="window">The positions of a row in a decode step: the shapes of products, and so their sums, depend on it.</param>
    public static string OfTorch(int window) => $"{Processor}, {Libtorch}{(window > 1 ? $", windows of {window}" : "")}";

    private static string Libtorch =>
        $"TorchSharp {typeof(torch).Assembly.GetName().Version} on {torch.get_num_threads()} threads with {(int)VectorWidths.Widest} bits";
}
