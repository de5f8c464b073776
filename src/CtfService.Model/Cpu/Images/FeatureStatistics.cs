using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Memory;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Images;

/// <summary>
/// Sums and squared deviations of each channel over each block of pixels, and what group norm makes of them. Parts are joined as by Chan, Golub and LeVeque
/// (1983), in the order of the blocks: no difference of large squares, and one result for any number of threads.
/// </summary>
internal sealed unsafe class FeatureStatistics(int images, long floatsPerImage) : IDisposable
{
    private readonly NativeBuffer _sums = NativeBuffer.OfFloats(images * floatsPerImage);
    private readonly NativeBuffer _squares = NativeBuffer.OfFloats(images * floatsPerImage);

    /// <summary>Takes those of two vectors of channels over a block.</summary>
    /// <param name="values">The pixels' vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take<TVector, TSimd>(FeatureMap map, int image, int block, int channel, float** values, int pixels)
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

        var place = Place(map, image, block) + channel;
        sum.Store(_sums.Floats + place);
        squares.Store(_squares.Floats + place);
    }

    /// <summary>Group norm of an image as one factor and one addend for each channel.</summary>
    /// <param name="means">[C], scratch.</param>
    /// <param name="factors">[C], written.</param>
    /// <param name="addends">[C], written.</param>
    public void Resolve<TVector, TSimd>(FeatureMap map, int image, PackedNorm norm, float* means, float* factors, float* addends)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        for (var channel = 0; channel < norm.Width; channel += VectorPair<TVector, TSimd>.Lanes)
        {
            Join<TVector, TSimd>(map, image, channel, means + channel, factors + channel);
        }

        var groupWidth = norm.Width / GroupNorm.Groups;
        for (var first = 0; first < norm.Width; first += groupWidth)
        {
            var (mean, scale) = GroupOf(means + first, factors + first, groupWidth, map.Pixels);
            for (var channel = first; channel < first + groupWidth; channel++)
            {
                factors[channel] = (float)(scale * norm.Weights[channel]);
                addends[channel] = (float)(norm.Biases[channel] - (mean * scale * norm.Weights[channel]));
            }
        }
    }

    public void Dispose()
    {
        _sums.Dispose();
        _squares.Dispose();
    }

    /// <summary>Mean and squared deviations of two vectors of channels over all blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Join<TVector, TSimd>(FeatureMap map, int image, int channel, float* means, float* squares)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        VectorPair<TVector, TSimd> sum = default, deviations = default;
        for (var block = 0; block < map.AllBlocks; block++)
        {
            sum = sum.Add(VectorPair<TVector, TSimd>.Load(_sums.Floats + Place(map, image, block) + channel));
        }

        var mean = sum.Scale(1f / map.Pixels);
        for (var block = 0; block < map.AllBlocks; block++)
        {
            var (place, pixels) = (Place(map, image, block) + channel, map.PixelsOf(block));
            var apart = VectorPair<TVector, TSimd>.Load(_sums.Floats + place).Scale(1f / pixels).Subtract(mean);
            deviations = deviations.Add(VectorPair<TVector, TSimd>.Load(_squares.Floats + place)).AddSquare(apart.Scale(MathF.Sqrt(pixels)));
        }

        mean.Store(means);
        deviations.Store(squares);
    }

    /// <summary>Mean and 1 / sqrt(variance + epsilon) of a group from those of its channels.</summary>
    private static (double Mean, double Scale) GroupOf(float* means, float* squares, int channels, int pixels)
    {
        double mean = 0, sum = 0;
        for (var channel = 0; channel < channels; channel++)
        {
            mean += means[channel];
        }

        mean /= channels;
        for (var channel = 0; channel < channels; channel++)
        {
            var apart = means[channel] - mean;
            sum += squares[channel] + (pixels * apart * apart);
        }

        return (mean, 1 / Math.Sqrt((sum / ((double)channels * pixels)) + GroupNorm.Epsilon));
    }

    private long Place(FeatureMap map, int image, int block) => (image * floatsPerImage) + ((long)block * map.Stride);
}
