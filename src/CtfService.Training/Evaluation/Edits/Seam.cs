using CtfService.Core.Generation;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>
/// The places where an edit may show: pairs of adjacent pixels across the border of a mask. A pair lies at depth 0 if one pixel is kept and the other is
/// edited, and at depth d if they are d and d + 1 pixels inside the mask.
/// </summary>
public sealed class Seam
{
    private const int Kept = 0;
    private const int Unknown = int.MaxValue;

    private readonly List<(int Outer, int Inner)> _pairs;

    /// <param name="depths">Number of depths: 1 for the border alone; more to include a transition that is spread over several pixels.</param>
    public Seam(EditMask mask, int depths)
    {
        var depth = new int[mask.Width * mask.Height];
        for (var pixel = 0; pixel < depth.Length; pixel++)
        {
            depth[pixel] = mask.Edited[pixel] ? Unknown : Kept;
        }

        _pairs = [];
        for (var level = 0; level < depths; level++)
        {
            var found = Pairs(mask.Width, mask.Height).SelectMany(pair => new[] { pair, (pair.Second, pair.First) })
                .Where(pair => depth[pair.Item1] == level && depth[pair.Item2] > level).ToList();
            found.ForEach(pair => depth[pair.Item2] = level + 1);
            _pairs.AddRange(found);
        }
    }

    /// <summary>Returns the mean absolute difference of the pairs over all images and channels, in grey levels of 0 to 255; 0 if there are no pairs.</summary>
    public double MeanGradient(IReadOnlyList<byte[]> images)
    {
        long sum = 0;
        foreach (var image in images)
        {
            foreach (var (outer, inner) in _pairs)
            {
                for (var channel = 0; channel < 3; channel++)
                {
                    sum += Math.Abs(image[(outer * 3) + channel] - image[(inner * 3) + channel]);
                }
            }
        }

        return sum / Math.Max(1.0, images.Count * _pairs.Count * 3.0);
    }

    /// <summary>Returns all pairs of pixels that share a side.</summary>
    private static IEnumerable<(int First, int Second)> Pairs(int width, int height)
    {
        for (var pixel = 0; pixel < width * height; pixel++)
        {
            if (pixel % width < width - 1)
            {
                yield return (pixel, pixel + 1);
            }

            if (pixel / width < height - 1)
            {
                yield return (pixel, pixel + width);
            }
        }
    }
}
