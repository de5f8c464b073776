using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Model.Generation;

/// <summary>Loads a bundle's generator onto CUDA where there is one, otherwise onto the CPU.</summary>
public sealed class CtfImageGeneratorFactory(string bundleDirectory) : IImageGeneratorFactory
{
    /// <inheritdoc/>
    public IImageGenerator Load(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return new CtfImageGenerator(LoadedModel.Load(bundleDirectory, cuda.is_available() ? CUDA : CPU));
    }
}
