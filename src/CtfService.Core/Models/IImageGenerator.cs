using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>
/// A loaded model that turns specifications into images, step by step: images join at any step and leave when they are finished or removed, so none waits for
/// another to end. Owns every tensor; all members but <see cref="Model"/> are for the one thread that created it.
/// </summary>
public interface IImageGenerator : IDisposable
{
    /// <summary>What was loaded. May be read from any thread.</summary>
    ModelDescription Model { get; }

    /// <summary>
    /// Rows of a decode step that are not taken; an image takes <see cref="ImageSpecification.Rows"/> of them until its last coarse label is drawn. There may
    /// be fewer for a while if the device lacks memory, but always enough for one image alone.
    /// </summary>
    int FreeRows { get; }

    /// <summary>Images admitted and neither returned nor removed.</summary>
    int ImageCount { get; }

    /// <summary>What the last <see cref="Advance"/> did, for whoever measures.</summary>
    StepReport LastStep { get; }

    /// <summary>Takes an image in: its first decode step is part of the next <see cref="Advance"/>. An image does not depend on the others.</summary>
    /// <param name="id">Names the image; not in use.</param>
    /// <param name="previews">Null if the image is not to be seen before it is finished.</param>
    /// <remarks>If it throws, the other images go on, and after <see cref="Remove"/> nothing of this one is left.</remarks>
    /// <exception cref="ArgumentException">Too few free rows, the id is in use, the class is unknown, or the layout is not this model's.</exception>
    void Admit(long id, ImageSpecification image, PreviewOptions? previews = null);

    /// <summary>Forgets an image and frees its rows before the next step; one that is not there is no error.</summary>
    void Remove(long id);

    /// <summary>
    /// One decode step for every image in the coarse stage, VQ encode of one batch of pictures, previews that are due, then the fine pass of one batch of
    /// images that have all their coarse labels, and VQ decode of one. Images beyond these batches wait for the next call. Returns what ended, in no order.
    /// </summary>
    /// <param name="cancellation">Looked at before each stage, and within the long ones.</param>
    /// <exception cref="OperationCanceledException">Cancelled in or before a stage; the images stay.</exception>
    /// <exception cref="OutOfDeviceMemoryException">A decode step does not fit the device; with fewer images it may. No image has moved, so each can be removed
    /// or stepped again.</exception>
    IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation);
}

/// <summary>Figures of one <see cref="IImageGenerator.Advance"/>.</summary>
/// <param name="Rows">Rows of its decode step; 0 where it had none.</param>
/// <param name="DecodeTime">Time of the decode step. A device that works on its own may not have finished it then: a step that has to wait for results takes the time of those before.</param>
/// <param name="Splits">Batches that did not fit the device and were made smaller: halved ones of later stages, and a decode step that gave up free
/// rows.</param>
public readonly record struct StepReport(int Rows, TimeSpan DecodeTime, int Splits = 0)
{
    public StageWork VqEncode { get; init; }

    public StageWork Fine { get; init; }

    public StageWork VqDecode { get; init; }
}

/// <summary>What one stage did in a step.</summary>
/// <param name="Images">Of its batch; 0 if there was none.</param>
/// <param name="Elapsed">Time of the batch.</param>
public readonly record struct StageWork(int Images, TimeSpan Elapsed);

/// <summary>An image that ended.</summary>
/// <param name="Image">Null where it failed.</param>
/// <param name="Error">Why it failed, such as <see cref="OutOfDeviceMemoryException"/>; null where it did not.</param>
public sealed record GenerationOutcome(long Id, GeneratedImage? Image, Exception? Error = null);

/// <summary>Loads a generator. Called on the thread that will own it.</summary>
public interface IImageGeneratorFactory
{
    /// <exception cref="CheckpointException">A file is missing, damaged or does not fit its manifest.</exception>
    /// <exception cref="DeviceUnavailableException">The device asked for is not there.</exception>
    /// <exception cref="OutOfDeviceMemoryException">The device has too little memory for it.</exception>
    IImageGenerator Load(CancellationToken cancellation);
}
