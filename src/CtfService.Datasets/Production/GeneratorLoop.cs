using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Production;

/// <summary>An image as the model made it.</summary>
internal sealed record DrawnImage(PlannedImage Planned, RgbImage Image);

/// <summary>Keeps a generator full of images from the source until none are left. Runs on the thread that owns the generator.</summary>
internal static class GeneratorLoop
{
    /// <param name="drawn">Receives the images. The loop waits only if it is full.</param>
    public static void Run(IImageGenerator generator, ImageSource source, ChannelWriter<DrawnImage> drawn, CancellationToken cancellation)
    {
        var running = new Dictionary<long, PlannedImage>();
        while (true)
        {
            while (HasRoom(generator, running) && source.TryTake(out var image))
            {
                running.Add(image.Index, image);
                generator.Admit(image.Index, image.Specification); // throws if it can never fit
            }

            if (running.Count > 0)
            {
                foreach (var outcome in generator.Advance(cancellation))
                {
                    Send(outcome, running, drawn, cancellation);
                }
            }
            else if (!source.WaitForMore(cancellation))
            {
                return;
            }
        }
    }

    /// <summary>All images have the same sampling, and so the same number of rows.</summary>
    private static bool HasRoom(IImageGenerator generator, Dictionary<long, PlannedImage> running) =>
        running.Count == 0 || generator.FreeRows >= running.Values.First().Specification.Rows;

    private static void Send(
        GenerationOutcome outcome, Dictionary<long, PlannedImage> running, ChannelWriter<DrawnImage> drawn, CancellationToken cancellation)
    {
        if (outcome.Error is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }

        running.Remove(outcome.Id, out var planned);
        var image = new DrawnImage(planned!, outcome.Image!.Image);
        if (!drawn.TryWrite(image))
        {
            drawn.WriteAsync(image, cancellation).AsTask().GetAwaiter().GetResult(); // a generator belongs to its thread
        }
    }
}
