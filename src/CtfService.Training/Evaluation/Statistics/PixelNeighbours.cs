using CtfService.Training.Data;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Finds the nearest training image, mirrored or not, of each image by pixel distance, to detect copies. Images are reduced to a side of at most
/// <see cref="Side"/> pixels, so that fine texture, which a copy may lack, does not count.
/// </summary>
public static class PixelNeighbours
{
    public const int Side = 32;

    private const int Block = 1024;
    private const double GreyLevels = 127.5; // per unit of -1..1

    /// <summary>Finds the nearest training image of each image.</summary>
    /// <param name="images">Images; all must fit in memory at the reduced size.</param>
    /// <param name="training">Training images of the same size.</param>
    /// <returns>One result for each image, in order.</returns>
    public static NearestImage[] Find(ImageDataset images, ImageDataset training, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var rows = Reduced(images, [.. Enumerable.Range(0, images.Count)]).flatten(1); // [N, P]
        var norms = rows.square().sum(1).unsqueeze(1);
        var nearest = new Candidates(images.Count);
        var meter = new TrainingMeter(progress, new TrainingPace(0, training.Count, BatchSize: 1, ReportEvery: 1));
        foreach (var block in Enumerable.Range(0, training.Count).Chunk(Block))
        {
            cancellation.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            var reduced = Reduced(training, block); // [M, 3, h, w]
            nearest.Consider(rows, norms, reduced, block[0], isMirrored: false);
            nearest.Consider(rows, norms, reduced.flip(3), block[0], isMirrored: true);
            meter.StepFinished(block[^1] + 1, () => new Dictionary<string, double>());
        }

        return nearest.Measured(rows, training);
    }

    /// <summary>Returns reduced images [n, 3, h, w], -1 to 1.</summary>
    private static Tensor Reduced(ImageDataset dataset, int[] indexes)
    {
        using var scope = NewDisposeScope();
        var parts = indexes.Chunk(Block).Select(part =>
        {
            using var inner = NewDisposeScope();
            var pixels = ImageBatch.Of(dataset, part).Pixels;
            return nn.functional.adaptive_avg_pool2d(pixels, [Math.Min(Side, pixels.shape[2]), Math.Min(Side, pixels.shape[3])]).MoveToOuterDisposeScope();
        });
        return cat([.. parts]).MoveToOuterDisposeScope();
    }

    /// <summary>The nearest training image of each row so far.</summary>
    private sealed class Candidates
    {
        private readonly float[] _distances;
        private readonly int[] _indexes;
        private readonly bool[] _mirrored;

        public Candidates(int count)
        {
            _distances = new float[count];
            _indexes = new int[count];
            _mirrored = new bool[count];
            Array.Fill(_distances, float.PositiveInfinity);
        }

        public void Consider(Tensor rows, Tensor norms, Tensor training, int firstIndex, bool isMirrored)
        {
            using var scope = NewDisposeScope();
            var others = training.flatten(1);
            var (values, places) = rows.matmul(others.t()).mul_(-2).add_(norms).add_(others.square().sum(1)).min(1);
            var (distances, nearest) = (values.data<float>().ToArray(), places.data<long>().ToArray());
            for (var row = 0; row < distances.Length; row++)
            {
                if (distances[row] < _distances[row])
                {
                    (_distances[row], _indexes[row], _mirrored[row]) = (distances[row], firstIndex + (int)nearest[row], isMirrored);
                }
            }
        }

        /// <summary>Computes the reported distances from differences instead of products, which round, so that the distance of a copy is zero.</summary>
        public NearestImage[] Measured(Tensor rows, ImageDataset training)
        {
            var found = new NearestImage[_indexes.Length];
            foreach (var block in Enumerable.Range(0, _indexes.Length).Chunk(Block))
            {
                using var scope = NewDisposeScope();
                var others = Reduced(training, [.. block.Select(row => _indexes[row])]);
                var isMirrored = tensor(block.Select(row => _mirrored[row]).ToArray()).view(-1, 1, 1, 1);
                var differences = where(isMirrored, others.flip(3), others).flatten(1) - rows.narrow(0, block[0], block.Length);
                var distances = differences.to(float64).square().mean([1]).sqrt().mul(GreyLevels).data<double>().ToArray();
                foreach (var row in block)
                {
                    found[row] = new NearestImage(_indexes[row], _mirrored[row], distances[row - block[0]]);
                }
            }

            return found;
        }
    }
}

/// <summary>The training image nearest to an image.</summary>
/// <param name="Index">Index in the training set.</param>
/// <param name="IsMirrored">Whether its mirror image is nearest.</param>
/// <param name="Distance">Root mean square difference of the pixels, in grey levels of 0 to 255.</param>
public readonly record struct NearestImage(int Index, bool IsMirrored, double Distance);
