using CtfService.Model.Cpu.Memory;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>A group norm's weights. Owns them.</summary>
/// <param name="width">Channels; a multiple of <see cref="GroupNorm.Groups"/>, so that they fill whole panels of every vector width.</param>
internal sealed unsafe class PackedNorm(int width, NativeBuffer weights, NativeBuffer biases) : IDisposable
{
    public int Width => width;

    /// <summary>[C].</summary>
    public float* Weights => weights.Floats;

    /// <summary>[C].</summary>
    public float* Biases => biases.Floats;

    public void Dispose()
    {
        weights.Dispose();
        biases.Dispose();
    }
}
