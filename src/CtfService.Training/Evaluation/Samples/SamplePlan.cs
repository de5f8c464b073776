using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Training.Evaluation.Samples;

/// <summary>The images that an evaluation generates: the same number of each class, each with its own seed.</summary>
/// <param name="PerClass">Images per class.</param>
/// <param name="Seed">Seed of the evaluation. The same seed gives the same images; more images per class keep the existing ones.</param>
public sealed record SamplePlan(int PerClass, ulong Seed, SamplingSettings Coarse, SamplingSettings Fine)
{
    /// <summary>How labels are drawn, in snake_case, such as <c>gumbel_max</c>.</summary>
    public string Sampler => JsonNamingPolicy.SnakeCaseLower.ConvertName(Specification(0, 0).Method.ToString());

    /// <summary>Creates a plan with the default sampling settings of the model.</summary>
    public static SamplePlan Default(ModelDescription model, int perClass, ulong seed = 0) => new(perClass, seed, model.DefaultCoarse, model.DefaultFine);

    /// <summary>Returns the samples round-robin over the classes, so that any prefix is spread over the classes.</summary>
    public IEnumerable<PlannedSample> Samples(int classes) =>
        Enumerable.Range(0, PerClass).SelectMany(index => Enumerable.Range(0, classes)
            .Select(classId => new PlannedSample(classId, index, Specification(classId, (index * classes) + classId))));

    /// <summary>
    /// Uses a different seed for each image: equal random numbers would correlate the images of different classes, and the statistics assume independent
    /// images.
    /// </summary>
    private ImageSpecification Specification(int classId, int place) => new(classId, ImageSeed.Derive(Seed, place), Coarse, Fine);
}

/// <summary>An image of the plan.</summary>
/// <param name="Index">Number within its class.</param>
public sealed record PlannedSample(int ClassId, int Index, ImageSpecification Specification);
