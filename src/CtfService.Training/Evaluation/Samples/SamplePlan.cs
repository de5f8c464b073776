using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Training.Evaluation.Samples;

/// <summary>Which images an evaluation draws: the same number of every class, each with a seed of its own.</summary>
/// <param name="PerClass">Images of each class.</param>
/// <param name="Seed">Same seed, same images; more images per class keep those that are there.</param>
public sealed record SamplePlan(int PerClass, ulong Seed, SamplingSettings Coarse, SamplingSettings Fine)
{
    /// <summary>With the sampling that the model's callers get where they do not say.</summary>
    public static SamplePlan Default(ModelDescription model, int perClass, ulong seed = 0) => new(perClass, seed, model.DefaultCoarse, model.DefaultFine);

    /// <summary>Classes in turn, so that any number of images from the start are spread over the classes.</summary>
    public IEnumerable<PlannedSample> Samples(int classes) =>
        Enumerable.Range(0, PerClass).SelectMany(index => Enumerable.Range(0, classes).Select(classId => new PlannedSample(classId, index, Specification(classId, (index * classes) + classId))));

    /// <summary>No two classes share a seed: equal random numbers would make their images alike, which statistics of independent images do not expect.</summary>
    private ImageSpecification Specification(int classId, int place) => new(classId, ImageSeed.Derive(Seed, place), Coarse, Fine);
}

/// <param name="Index">Number within its class.</param>
public sealed record PlannedSample(int ClassId, int Index, ImageSpecification Specification);
