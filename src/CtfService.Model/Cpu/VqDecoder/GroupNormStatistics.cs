using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// Statistics for group norm: the sum and the squared deviations of each channel over each block of pixels. Blocks are combined in order by the method of
/// Chan, Golub and LeVeque (1983), which avoids the difference of large squares. The result is the same on any number of threads.
/// </summary>
internal sealed unsafe class GroupNormStatistics(int images, long floatsPerImage) : IDisposable
{
    private readonly NativeBuffer _sums = NativeBuffer.OfFloats(images * floatsPerImage);
    private readonly NativeBuffer _squares = NativeBuffer.OfFloats(images * floatsPerImage);

    /// <summary>Records the statistics of two vectors of channels over a block.</summary>
    /// <param name="values">The addresses of the pixels' vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Record<TVector, TSimd>(FeatureMap map, int image, int block, int channel, float** values, int pixels)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        VectorPair<TVector, TSimd> sum = default, squares = default;
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            sum = sum.Add(VectorPair<TVector, TSimd>.Load(values[pixel]));
        }

        var mean = sum.Scale(1f / pixels);
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            squares = squares.AddSquare(VectorPair<TVector, TSimd>.Load(values[pixel]).Subtract(mean));
        }

        var offset = Offset(map, image, block) + channel;
        sum.Store(_sums.Floats + offset);
        squares.Store(_squares.Floats + offset);
    }

    /// <summary>Computes the group norm of an image as a scale and a shift per channel.</summary>
    /// <param name="means">[C], scratch.</param>
    /// <param name="scales">[C], overwritten.</param>
    /// <param name="shifts">[C], overwritten.</param>
    public void ComputeScaleShift<TVector, TSimd>(FeatureMap map, int image, PackedNorm norm, float* means, float* scales, float* shifts)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        for (var channel = 0; channel < norm.Width; channel += VectorPair<TVector, TSimd>.Lanes)
        {
            Combine<TVector, TSimd>(map, image, channel, means + channel, scales + channel);
        }

        var groupWidth = norm.Width / GroupNorm.Groups;
        for (var first = 0; first < norm.Width; first += groupWidth)
        {
            var (mean, scale) = GroupMoments(means + first, scales + first, groupWidth, map.Pixels);
            for (var channel = first; channel < first + groupWidth; channel++)
            {
                scales[channel] = (float)(scale * norm.Weights[channel]);
                shifts[channel] = (float)(norm.Biases[channel] - (mean * scale * norm.Weights[channel]));
            }
        }
    }

    public void Dispose()
    {
        _sums.Dispose();
        _squares.Dispose();
    }

    /// <summary>Combines the statistics of all blocks to means and squared deviations of two vectors of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Combine<TVector, TSimd>(FeatureMap map, int image, int channel, float* means, float* squares)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        VectorPair<TVector, TSimd> sum = default, deviations = default;
        for (var block = 0; block < map.AllBlocks; block++)
        {
            sum = sum.Add(VectorPair<TVector, TSimd>.Load(_sums.Floats + Offset(map, image, block) + channel));
        }

        var mean = sum.Scale(1f / map.Pixels);
        for (var block = 0; block < map.AllBlocks; block++)
        {
            var (offset, pixels) = (Offset(map, image, block) + channel, map.PixelsOf(block));
            var deviation = VectorPair<TVector, TSimd>.Load(_sums.Floats + offset).Scale(1f / pixels).Subtract(mean);
            deviations = deviations.Add(VectorPair<TVector, TSimd>.Load(_squares.Floats + offset)).AddSquare(deviation.Scale(MathF.Sqrt(pixels)));
        }

        mean.Store(means);
        deviations.Store(squares);
    }

    /// <summary>Returns the mean and 1 / sqrt(variance + epsilon) of a group of channels.</summary>
    private static (double Mean, double Scale) GroupMoments(float* means, float* squares, int channels, int pixels)
    {
        double mean = 0, sum = 0;
        for (var channel = 0; channel < channels; channel++)
        {
            mean += means[channel];
        }

        mean /= channels;
        for (var channel = 0; channel < channels; channel++)
        {
            var deviation = means[channel] - mean;
            sum += squares[channel] + (pixels * deviation * deviation);
        }

        return (mean, 1 / Math.Sqrt((sum / ((double)channels * pixels)) + GroupNorm.Epsilon));
    }

    private long Offset(FeatureMap map, int image, int block) => (image * floatsPerImage) + ((long)block * map.Stride);
}
