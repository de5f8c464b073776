using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using static TorchSharp.torch;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Loads a bundle as the service does, in a process that also trains.</summary>
internal static class ServingEngine
{
    /// <param name="rows">Rows of a decode step; an image takes one, or two with guidance.</param>
    public static IImageGenerator Load(string bundle, int rows, Device device, CancellationToken cancellation)
    {
        var threads = get_num_threads();
        try
        {
            return new CtfImageGeneratorFactory(bundle, () => ModelPlacement.Parse(device.ToString(), "float32"), rows).Load(cancellation);
        }
        finally
        {
            set_num_threads(threads); // loading sets the number of threads for VQ encode; restore it for training and features
        }
    }
}
