using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>
/// A loaded model that generates images step by step: images join at any step and leave when they are finished or removed, so none waits for another to
/// end. Owns all tensors. Call all members except <see cref="Model"/> from the thread that created it.
/// </summary>
public interface IImageGenerator : IDisposable
{
    /// <summary>Description of the model. Thread-safe.</summary>
    ModelDescription Model { get; }

    /// <summary>
    /// Number of free rows of a decode step; an image uses <see cref="ImageSpecification.Rows"/> of them until its last coarse label is drawn. Temporarily
    /// lower if device memory is short, but always enough for a single image. Below 0 if rows were given up that are promised to edits.
    /// </summary>
    int FreeRows { get; }

    /// <summary>Returns the number of rows that images of a lower priority occupy; removing these images frees them.</summary>
    int RowsBelow(ImagePriority priority);

    /// <summary>Number of admitted images that were neither returned nor removed.</summary>
    int ImageCount { get; }

    /// <summary>Measurements of the last <see cref="Advance"/>.</summary>
    StepReport LastStep { get; }

    /// <summary>Admits an image; its first stage is part of the next <see cref="Advance"/>. Images do not influence each other.</summary>
    /// <param name="id">Identifies the image; must not be in use.</param>
    /// <param name="previews">Previews to deliver; null for none.</param>
    /// <param name="priority">
    /// Images pause while one of a higher priority is in the generator; they keep their rows and what they have drawn.
    /// </param>
    /// <remarks>If it throws, the other images continue, and <see cref="Remove"/> discards everything of this one.</remarks>
    /// <exception cref="ArgumentException">
    /// There are too few free rows, the id is in use, the class is unknown, or the layout does not fit the model.
    /// </exception>
    void Admit(long id, ImageSpecification image, PreviewOptions? previews = null, ImagePriority priority = ImagePriority.Interactive);

    /// <summary>Removes an image and frees its rows before the next step. Does nothing if there is no such image.</summary>
    void Remove(long id);

    /// <summary>
    /// Runs one step: one decode step of every image in the coarse stage, VQ encode of one batch of pictures, the previews that are due, the fine pass of
    /// one batch of images that have all their coarse labels, and VQ decode of one batch. Images beyond these batches wait for the next call. A step is of
    /// the highest priority in the generator; if all images are of batches or bulk, it is shorter: one stage, and a small number of images.
    /// </summary>
    /// <param name="cancellation">Checked before each stage and within long ones.</param>
    /// <exception cref="OperationCanceledException">Cancelled in or before a stage; the images stay admitted.</exception>
    /// <exception cref="OutOfDeviceMemoryException">
    /// A decode step does not fit in device memory; with fewer images it may. No image has advanced, so each can be removed or stepped again.
    /// </exception>
    /// <returns>The images that ended, in no particular order. One that fails alone is among them with its error; the others go on.</returns>
    IReadOnlyList<GenerationOutcome> Advance(CancellationToken cancellation);
}

/// <summary>Measurements of one <see cref="IImageGenerator.Advance"/>.</summary>
/// <param name="Rows">Rows of its decode step; 0 if it had none.</param>
/// <param name="DecodeTime">
/// Duration of the decode step. On an asynchronous device it may not have finished: a step that waits for results includes the time of the previous ones.
/// </param>
/// <param name="Splits">
/// Number of batches that did not fit in device memory and were reduced: halved batches of later stages, and decode steps that gave up free rows.
/// </param>
public readonly record struct StepReport(int Rows, TimeSpan DecodeTime, int Splits = 0)
{
    /// <summary>Labels that its decode step drew.</summary>
    public DecodeWork Decode { get; init; }

    /// <summary>The error after which its decode step was run again, with success; null if the first run succeeded.</summary>
    public Exception? RepeatedAfter { get; init; }

    public StageWork VqEncode { get; init; }

    public StageWork Fine { get; init; }

    public StageWork VqDecode { get; init; }
}

/// <summary>Labels drawn in a decode step. Each image has a window of consecutive positions, of which the first ones turn out to be right.</summary>
/// <param name="Images">Number of images that drew labels.</param>
/// <param name="Positions">Sum of their windows: positions of which labels were drawn.</param>
/// <param name="Labels">Number of those labels that are final, at least one for each image.</param>
/// <param name="WastedRows">Number of rows computed for the other labels.</param>
public readonly record struct DecodeWork(int Images, int Positions, int Labels, int WastedRows)
{
    /// <summary>Most positions in the window of an image.</summary>
    public const int LargestWindow = 32;
}

/// <summary>Work of one stage in a step.</summary>
/// <param name="Images">Number of images in its batch; 0 if there was none.</param>
/// <param name="Elapsed">Duration of the batch.</param>
public readonly record struct StageWork(int Images, TimeSpan Elapsed);

/// <summary>An image that ended, successfully or not.</summary>
/// <param name="Image">The image; null if it failed.</param>
/// <param name="Error">The error, such as <see cref="OutOfDeviceMemoryException"/>; null if it succeeded.</param>
public sealed record GenerationOutcome(long Id, GeneratedImage? Image, Exception? Error = null)
{
    /// <summary>True if the image failed while others went through the same stage in the same step, so that the device works.</summary>
    public bool OthersWorked { get; init; }
}

/// <summary>Loads a generator, on the thread that will own it.</summary>
public interface IImageGeneratorFactory
{
    /// <exception cref="CheckpointException">A file is missing, damaged or does not fit its manifest.</exception>
    /// <exception cref="DeviceUnavailableException">The requested device is not available.</exception>
    /// <exception cref="OutOfDeviceMemoryException">The model does not fit in device memory.</exception>
    IImageGenerator Load(CancellationToken cancellation);
}
