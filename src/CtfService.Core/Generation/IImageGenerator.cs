using CtfService.Core.Models;

namespace CtfService.Core.Generation;

/// <summary>
/// A loaded model that turns specifications into images. Owns every tensor; all members but <see cref="Model"/> are for the one
/// thread that created it.
/// </summary>
public interface IImageGenerator : IDisposable
{
    /// <summary>What was loaded. May be read from any thread.</summary>
    ModelDescription Model { get; }

    /// <summary>
    /// Generates the batch and returns one image per specification, in order. An image does not depend on the others of its batch.
    /// </summary>
    /// <param name="batch">At least one specification.</param>
    /// <param name="cancellation">Looked at before every decode step.</param>
    /// <exception cref="OperationCanceledException">Cancelled; nothing of the batch is returned.</exception>
    /// <exception cref="OutOfDeviceMemoryException">The batch does not fit; a smaller one may.</exception>
    IReadOnlyList<GeneratedImage> Generate(IReadOnlyList<ImageSpecification> batch, CancellationToken cancellation);
}

/// <summary>Loads a generator. Called on the thread that will own it.</summary>
public interface IImageGeneratorFactory
{
    /// <exception cref="Models.CheckpointException">A file is missing, damaged or does not fit its manifest.</exception>
    /// <exception cref="Models.DeviceUnavailableException">The device asked for is not there.</exception>
    IImageGenerator Load(CancellationToken cancellation);
}
