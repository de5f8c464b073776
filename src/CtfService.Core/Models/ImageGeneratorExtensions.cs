using System.Runtime.ExceptionServices;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>Runs a generator for callers that have all their images at once.</summary>
public static class ImageGeneratorExtensions
{
    /// <summary>Generates the images, as many at a time as fit, and returns them in order.</summary>
    /// <param name="images">At least one. The generator must be empty.</param>
    /// <param name="finished">Called for each finished image, on this thread, in no particular order.</param>
    /// <exception cref="OutOfDeviceMemoryException">An image does not fit in device memory.</exception>
    public static IReadOnlyList<GeneratedImage> Generate(
        this IImageGenerator generator, IReadOnlyList<ImageSpecification> images, CancellationToken cancellation, Action<GeneratedImage>? finished = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        var results = new GeneratedImage[images.Count];
        generator.GenerateEach(
            images,
            (index, image) =>
            {
                results[index] = image;
                finished?.Invoke(image);
            },
            cancellation);
        return results;
    }

    /// <summary>Generates the images, as many at a time as fit, without keeping them: for more images than memory holds.</summary>
    /// <param name="images">The images. The generator must be empty.</param>
    /// <param name="finished">Called with the index and the image of each finished image, on this thread, in no particular order.</param>
    /// <exception cref="OutOfDeviceMemoryException">An image does not fit in device memory.</exception>
    public static void GenerateEach(
        this IImageGenerator generator, IReadOnlyList<ImageSpecification> images, Action<int, GeneratedImage> finished, CancellationToken cancellation)
    {
        var next = 0;
        try
        {
            while (next < images.Count || generator.ImageCount > 0)
            {
                for (; next < images.Count && (images[next].Rows <= generator.FreeRows || generator.ImageCount == 0); next++)
                {
                    generator.Admit(next, images[next]); // throws if it can never fit
                }

                foreach (var outcome in generator.Advance(cancellation))
                {
                    if (outcome.Error is { } error)
                    {
                        ExceptionDispatchInfo.Throw(error);
                    }

                    finished((int)outcome.Id, outcome.Image!);
                }
            }
        }
        catch
        {
            for (var id = 0; id < next; id++)
            {
                generator.Remove(id);
            }

            throw;
        }
    }
}
