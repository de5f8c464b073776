using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Jobs.Work;

namespace CtfService.Api.Datasets;

/// <summary>Draws the images of a shard, as bulk images of the current model, and encodes them as they finish. Thread-safe.</summary>
internal sealed class ShardDrawing(IModelRouter router) : IDisposable
{
    /// <summary>Time until a shard is tried again for which another model is loaded.</summary>
    private static readonly TimeSpan OtherModelDelay = TimeSpan.FromSeconds(5);

    /// <summary>Time until a shard is tried again after the model was loading or is shutting down.</summary>
    private static readonly TimeSpan NotReadyDelay = TimeSpan.FromSeconds(1);

    /// <summary>One image is encoded at a time, so that requests keep the other cores.</summary>
    private readonly SemaphoreSlim _encoder = new(1);

    /// <param name="flow">Whose data set it is.</param>
    /// <exception cref="ShardPostponedException">The model of the data set is not ready here.</exception>
    public async Task<IReadOnlyList<EncodedImage>> DrawAsync(
        ShardFormat format, int number, DatasetOrigin origin, ImageFlow flow, CancellationToken cancellation)
    {
        var dataset = format.Dataset;
        PlannedImage[] planned = [.. dataset.Indices([number]).Select(index => dataset.Image(index))];
        var images = new EncodedImage[planned.Length];
        try
        {
            var submission = new ImageSubmission([.. planned.Select(image => image.Specification)], RequestDeadline.None)
            {
                Priority = ImagePriority.Bulk,
                Flow = flow,
            };
            await foreach (var seen in Enqueue(submission, origin, cancellation))
            {
                if (seen is InferenceEvent.Finished finished)
                {
                    images[seen.Index] = await EncodeAsync(format, planned[seen.Index], finished.Image.Image, cancellation);
                }
            }
        }
        catch (ModelNotReadyException notReady)
        {
            throw new ShardPostponedException(notReady.Message, NotReadyDelay, notReady);
        }

        return images;
    }

    public void Dispose() => _encoder.Dispose();

    private IAsyncEnumerable<InferenceEvent> Enqueue(ImageSubmission submission, DatasetOrigin origin, CancellationToken cancellation)
    {
        using var lease = router.Lease(); // ends here: the bulk images of a model that is replaced do not finish
        return ModelMatch.Difference(origin, lease.Model) is { } difference
            ? throw new ShardPostponedException(difference, OtherModelDelay)
            : lease.Enqueue(submission, cancellation);
    }

    /// <summary>Encodes on a thread of the pool, because an image takes milliseconds.</summary>
    private async Task<EncodedImage> EncodeAsync(ShardFormat format, PlannedImage planned, RgbImage image, CancellationToken cancellation)
    {
        await _encoder.WaitAsync(cancellation);
        try
        {
            return await Task.Run(() => format.Encode(planned, image), cancellation);
        }
        finally
        {
            _encoder.Release();
        }
    }
}
