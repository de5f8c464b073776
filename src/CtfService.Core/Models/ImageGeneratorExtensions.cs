using System.Runtime.ExceptionServices;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>For callers that have all their images at once.</summary>
public static class ImageGeneratorExtensions
{
    /// <summary>Generates the images, as many at a time as there is room for, and returns them in order.</summary>
    /// <param name="images">At least one; the generator holds no other.</param>
    /// <param name="finished">Called for each image that ends, on this thread, in no order.</param>
    /// <exception cref="OutOfDeviceMemoryException">An image does not fit the device.</exception>
    public static IReadOnlyList<GeneratedImage> Generate(
        this IImageGenerator generator, IReadOnlyList<ImageSpecification> images, CancellationToken cancellation, Action<GeneratedImage>? finished = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        var results = new GeneratedImage[images.Count];
        generator.GenerateEach(
            images,
            (place, image) =>
            {
                results[place] = image;
                finished?.Invoke(image);
            },
            cancellation);
        return results;
    }

    /// <summary>Generates the images, as many at a time as there is room for, and keeps none: for more than the memory holds.</summary>
    /// <param name="images">The generator holds no other.</param>
    /// <param name="finished">Called with each image that ends and its place in <paramref name="images"/>, on this thread, in no order.</param>
    /// <exception cref="OutOfDeviceMemoryException">An image does not fit the device.</exception>
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
                    generator.Admit(next, images[next]); // where it never fits, this says so
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
