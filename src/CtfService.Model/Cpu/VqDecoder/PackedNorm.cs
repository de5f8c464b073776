using CtfService.Model.Cpu.Runtime;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>The weights of a group norm. Owns its memory.</summary>
/// <param name="width">Channels, a multiple of <see cref="GroupNorm.Groups"/> and therefore whole panels for every vector width.</param>
internal sealed unsafe class PackedNorm(int width, NativeBuffer weights, NativeBuffer biases) : IDisposable
{
    /// <summary>Gets the number of channels.</summary>
    public int Width => width;

    /// <summary>Gets the weights, [C].</summary>
    public float* Weights => weights.Floats;

    /// <summary>Gets the biases, [C].</summary>
    public float* Biases => biases.Floats;

    public void Dispose()
    {
        weights.Dispose();
        biases.Dispose();
    }
}
