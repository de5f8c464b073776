namespace CtfService.Training.Data;

/// <summary>The images of a set in its own order, each read once, in memory that does not depend on their number. Not thread-safe.</summary>
public abstract class ImageWalk : IDisposable
{
    /// <summary>Class names; the index is the class id.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>Number of positions in the set; a few of them may have no image.</summary>
    public abstract int Count { get; }

    /// <summary>Whether these images define the classes, so that each class must have one; images of another split may lack classes.</summary>
    public abstract bool DefinesClasses { get; }

    /// <summary>What was skipped so far, by reason.</summary>
    public virtual IReadOnlyList<SkippedFiles> Skipped => [];

    /// <summary>Returns the images from a position on. Those that cannot be read, or have no known class, are left out.</summary>
    /// <param name="position">0 to <see cref="Count"/>: the <see cref="WalkedImage.Next"/> of the last image before.</param>
    /// <param name="side">Side that images are scaled and cropped to, pixels.</param>
    /// <exception cref="DatasetException">The set is damaged.</exception>
    public abstract IEnumerable<WalkedImage> From(int position, int side, CancellationToken cancellation);

    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>An image of a walk.</summary>
/// <param name="Pixels">8-bit R, G, B of each pixel in raster order.</param>
/// <param name="Next">Position after the image.</param>
public readonly record struct WalkedImage(byte[] Pixels, int ClassId, int Next);
