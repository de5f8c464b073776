using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1 as it serves: images join and leave at any step, each at its own position. An image takes one row of the model, with guidance two, which stay
/// together. Device thread only.
/// </summary>
internal interface ICoarseStage : IDisposable
{
    /// <summary>Rows that images can have, free ones included. Fewer than the stage was made for while the device lacks memory.</summary>
    int Rows { get; }

    /// <summary>Rows that no image has.</summary>
    int FreeRows { get; }

    /// <summary>Images whose labels are not all drawn.</summary>
    int Count { get; }

    /// <summary>The image must fit into <see cref="FreeRows"/>.</summary>
    RunningImage Add(long id, ImageSpecification specification);

    /// <summary>Frees the image's rows; false if it is not here, or no longer. Never fails.</summary>
    bool Remove(long id);

    /// <summary>
    /// Draws one label of every image and returns those that have all of theirs; the list is used again by the next step. If it throws, every image stands
    /// where it stood before: it can be stepped again or removed.
    /// </summary>
    IReadOnlyList<RunningImage> Step();

    /// <summary>Brings the labels drawn so far to the host, where they are not there anyway.</summary>
    /// <param name="running">Images that are here; may be none.</param>
    void Fetch(IReadOnlyList<RunningImage> running);
}
