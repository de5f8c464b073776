using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using static TorchSharp.torch;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Loads a bundle as the service does, inside a program that also trains.</summary>
internal static class ServingEngine
{
    /// <param name="rows">Of a decode step; an image takes one, with guidance two.</param>
    public static IImageGenerator Load(string bundle, int rows, CancellationToken cancellation)
    {
        var threads = get_num_threads();
        try
        {
            return new CtfImageGeneratorFactory(bundle, () => ModelPlacement.Parse("cpu", "float32"), rows).Load(cancellation);
        }
        finally
        {
            set_num_threads(threads); // loading chooses as many as VQ encode wants; trainings and features have their own number
        }
    }
}
