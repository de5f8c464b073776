using CtfService.Model.Sampling;

namespace CtfService.Model.Clusters;

/// <summary>A sequence of uniform numbers in [0, 1), determined by the seed and the number of the stream.</summary>
internal sealed class UniformStream(ulong seed, int stream)
{
    private uint _drawn;

    public double Next()
    {
        var block = Philox4x32.Block((uint)seed, (uint)(seed >> 32), _drawn++, (uint)stream);
        return ((((ulong)block.X << 32) | block.Y) >> 11) * (1.0 / (1UL << 53));
    }
}
