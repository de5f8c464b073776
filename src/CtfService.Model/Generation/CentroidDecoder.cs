using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Generation;

/// <summary>
/// Decodes coarse labels to pixels without the fine stage, each label as the centroid of its cluster. A position without a label is shown as the mean of the
/// image's other positions: the mean of the whole codebook would tint what is already drawn. Call from the device thread only.
/// </summary>
/// <param name="decoder">Not disposed.</param>
public sealed class CentroidDecoder(IVqDecoder decoder, ClusterMap map)
{
    private readonly VqDecodeCheck _sizes = new(decoder.Config, decoder.GridHeight, decoder.GridWidth);

    /// <summary>C, the label of a position that has no label yet.</summary>
    public int Undecided => map.ClusterCount;

    /// <param name="coarseLabels">[B, T], 0 to C-1 or <see cref="Undecided"/>.</param>
    public RgbImage[] Decode(ReadOnlySpan<int> coarseLabels)
    {
        var codewords = new float[coarseLabels.Length * map.CodewordWidth];
        for (var first = 0; first < coarseLabels.Length; first += _sizes.Positions)
        {
            LookUp(coarseLabels.Slice(first, _sizes.Positions), codewords.AsSpan(first * map.CodewordWidth, _sizes.Positions * map.CodewordWidth));
        }

        var pixels = new float[coarseLabels.Length / _sizes.Positions * _sizes.PixelFloats];
        decoder.DecodeCodewords(codewords, pixels);
        return Pixels.ToImages(pixels, _sizes.ImageWidth, _sizes.ImageHeight);
    }

    /// <summary>Looks up the codewords [T, e] of one image's labels [T].</summary>
    private void LookUp(ReadOnlySpan<int> labels, Span<float> codewords)
    {
        var width = map.CodewordWidth;
        var mean = new float[width];
        var decided = 0;
        for (var cell = 0; cell < labels.Length; cell++)
        {
            if (labels[cell] != Undecided)
            {
                var centroid = map.Centroids.AsSpan(labels[cell] * width, width);
                centroid.CopyTo(codewords[(cell * width)..]);
                Add(centroid, mean);
                decided++;
            }
        }

        for (var dimension = 0; dimension < width; dimension++)
        {
            mean[dimension] /= Math.Max(1, decided);
        }

        for (var cell = 0; cell < labels.Length; cell++)
        {
            if (labels[cell] == Undecided)
            {
                mean.CopyTo(codewords[(cell * width)..]);
            }
        }
    }

    private static void Add(ReadOnlySpan<float> values, Span<float> sums)
    {
        for (var i = 0; i < values.Length; i++)
        {
            sums[i] += values[i];
        }
    }
}
