using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Datasets.Plans;

/// <summary>A plan for a model, image by image: the class and the seed of each, its place in a shard, its name. Immutable, so thread-safe.</summary>
public sealed class Dataset
{
    private readonly int[] _classIds;

    /// <exception cref="ArgumentException">A value of the plan is out of range, or it does not fit the model; the message names all problems.</exception>
    public Dataset(DatasetPlan plan, ModelDescription model)
    {
        List<string> problems = [.. plan.Problems(model.Classes.Count)];
        if (problems.Count > 0)
        {
            throw new ArgumentException($"{string.Join("; ", problems)}.", nameof(plan));
        }

        Plan = plan;
        Model = model;
        _classIds = ClassOrder.Of(plan.Counts);
    }

    public DatasetPlan Plan { get; }

    public ModelDescription Model { get; }

    /// <summary>Number of images.</summary>
    public int Count => _classIds.Length;

    public int ShardCount => ((Count - 1) / Plan.ShardSize) + 1;

    /// <summary>Returns the images of a shard, a contiguous range of the data set.</summary>
    /// <param name="number">0 to <see cref="ShardCount"/>-1.</param>
    public DatasetShard Shard(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, ShardCount);
        var first = number * Plan.ShardSize;
        return new DatasetShard(number, first, Math.Min(Plan.ShardSize, Count - first));
    }

    /// <summary>Returns the indices of all images of some shards, in order.</summary>
    public IEnumerable<int> Indices(IEnumerable<int> shards) => shards.Select(Shard).SelectMany(shard => Enumerable.Range(shard.First, shard.Count));

    /// <summary>Returns an image. Its seed depends on the seed of the plan, its index and its attempt alone.</summary>
    /// <param name="index">Place in the data set, 0 to <see cref="Count"/>-1.</param>
    /// <param name="attempt">Number of rejected images that this one replaces.</param>
    public PlannedImage Image(int index, int attempt = 0)
    {
        var seed = ImageSeed.Derive(Plan.Seed, index + ((long)attempt * Count)); // no two attempts at any images share an index
        return new PlannedImage(index, attempt, new ImageSpecification(_classIds[index], seed, Plan.Coarse, Plan.Fine));
    }

    /// <summary>Returns the class of an image.</summary>
    public ClassLabel ClassOf(int index) => Model.Classes.Labels[_classIds[index]];

    /// <summary>Returns the name of an image without an extension: unique, without dots, in the order of the images.</summary>
    public string Key(int index) => FormattableString.Invariant($"{Plan.Name}-{index:00000000}");
}

/// <summary>A contiguous range of the images of a data set, which is written as one file.</summary>
/// <param name="First">Index of the first image.</param>
/// <param name="Count">Number of images, at least 1.</param>
public readonly record struct DatasetShard(int Number, int First, int Count);

/// <summary>An image to generate.</summary>
/// <param name="Index">Place in the data set.</param>
/// <param name="Attempt">Number of rejected images that this one replaces.</param>
public sealed record PlannedImage(int Index, int Attempt, ImageSpecification Specification);

/// <summary>An image that the filter of the plan rejected.</summary>
/// <param name="PredictedClass">Class id that the classifier considers most probable.</param>
/// <param name="Probability">Probability of the class that was asked for, 0 to 1.</param>
public sealed record RejectedImage(int Index, int Attempt, int PredictedClass, double Probability);
