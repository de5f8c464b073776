using CtfService.Core.Generation;

namespace CtfService.Model.Generation;

/// <summary>Loads a bundle's generator.</summary>
/// <param name="placement">Asked for when loading, because looking for devices loads libtorch; null is <see cref="ModelPlacement.Automatic"/>.</param>
/// <param name="rows">Rows of a decode step: an image takes one, with guidance two.</param>
public sealed class CtfImageGeneratorFactory(string bundleDirectory, Func<ModelPlacement>? placement = null, int rows = 16) : IImageGeneratorFactory
{
    /// <inheritdoc/>
    public IImageGenerator Load(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        DecodeThreads.Use();
        return new CtfImageGenerator(LoadedModel.Load(bundleDirectory, placement?.Invoke() ?? ModelPlacement.Automatic, rows));
    }
}
