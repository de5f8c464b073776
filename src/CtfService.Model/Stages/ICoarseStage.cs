using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1, which draws coarse labels. Images join and leave at any step, each at its own position. An image takes one row of the model, or two with guidance.
/// Call from the device thread only.
/// </summary>
internal interface ICoarseStage : IDisposable
{
    /// <summary>The rows of a step, free ones included. Fewer than the stage was created with while the device lacks memory.</summary>
    int Rows { get; }

    /// <summary>The rows that no image occupies.</summary>
    int FreeRows { get; }

    /// <summary>The number of images in the stage.</summary>
    int Count { get; }

    /// <summary>
    /// True if every step computes all rows, so that images of a lower priority cost nothing more and need not pause: <see cref="Step"/> is called for the
    /// lowest priority.
    /// </summary>
    bool StepsAllRows { get; }

    /// <summary>The rows of images in the last step, one for each position computed.</summary>
    int LastStepRows { get; }

    /// <summary>The labels drawn in the last step.</summary>
    DecodeWork LastStepWork { get; }

    /// <summary>The images that failed alone in the last step (<see cref="RunningImage.Fault"/>), which the stage has removed. The others advance.</summary>
    IReadOnlyList<RunningImage> Failed { get; }

    /// <summary>Returns the number of images of at least this priority in the stage.</summary>
    int CountOf(ImagePriority lowest);

    /// <summary>Returns the number of rows that images of at least this priority occupy.</summary>
    int RowsOf(ImagePriority lowest);

    /// <summary>Adds an image, which must fit into <see cref="FreeRows"/>. If it keeps some tokens, their labels are not drawn.</summary>
    void Add(RunningImage image);

    /// <summary>Removes an image and frees its rows. Returns false if the image is not in the stage. Never throws.</summary>
    bool Remove(long id);

    /// <summary>
    /// Draws labels of every image of at least this priority, one or as many as its window gives, and returns the images that are complete; the next step
    /// reuses the list. An image may need several steps for a label that follows many kept ones. The other images keep their rows and labels. If the step
    /// throws, no image has advanced, so the step can be repeated and images can be removed.
    /// </summary>
    IReadOnlyList<RunningImage> Step(ImagePriority lowest = ImagePriority.Bulk);

    /// <summary>Copies the labels drawn so far into <see cref="RunningImage.CoarseLabels"/>, if the stage keeps them elsewhere.</summary>
    /// <param name="running">Images in the stage; may be empty.</param>
    void Fetch(IReadOnlyList<RunningImage> running);
}
