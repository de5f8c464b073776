using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Model.Generation;

/// <summary>Loads the generator of a bundle.</summary>
public sealed class CtfImageGeneratorFactory(string bundleDirectory) : IImageGeneratorFactory
{
    public IImageGenerator Load(CancellationToken cancellation) =>
        throw new CheckpointException($"This build cannot load the bundle {bundleDirectory}: the generator is not part of it yet.");
}
