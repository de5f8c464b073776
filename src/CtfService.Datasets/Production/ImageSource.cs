using System.Diagnostics.CodeAnalysis;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Production;

/// <summary>
/// Hands out the images to generate, in order, across the ends of shards, so that the rows of a generator stay full; replacements of rejected images first.
/// Thread-safe.
/// </summary>
internal sealed class ImageSource : IDisposable
{
    private readonly Lock _gate = new();
    private readonly IEnumerator<PlannedImage> _images;
    private readonly Queue<PlannedImage> _replacements = new();
    private readonly SemaphoreSlim _changes = new(0);
    private bool _isAtEnd;
    private int _undecided;

    public ImageSource(IEnumerable<PlannedImage> images) => _images = images.GetEnumerator();

    /// <summary>Takes the next image. Each must be followed by <see cref="Accept"/> or <see cref="Replace"/>.</summary>
    /// <returns>False if there is none now; a rejected image may still need a replacement.</returns>
    public bool TryTake([NotNullWhen(true)] out PlannedImage? image)
    {
        lock (_gate)
        {
            image = _replacements.TryDequeue(out var replacement) ? replacement : NextOfPlan();
            _undecided += image is null ? 0 : 1;
            return image is not null;
        }
    }

    /// <summary>Waits until an image is rejected, or all images are accepted.</summary>
    /// <returns>False if all images are accepted, so that none will follow.</returns>
    public bool WaitForMore(CancellationToken cancellation)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_replacements.Count > 0)
                {
                    return true;
                }

                if (_isAtEnd && _undecided == 0)
                {
                    _changes.Release(); // the next one that waits must learn it too
                    return false;
                }
            }

            _changes.Wait(cancellation);
        }
    }

    /// <summary>An image that was taken is finished.</summary>
    public void Accept() => Decide(replacement: null);

    /// <summary>An image that was taken is rejected.</summary>
    /// <param name="replacement">The image that takes its place.</param>
    public void Replace(PlannedImage replacement) => Decide(replacement);

    public void Dispose()
    {
        _images.Dispose();
        _changes.Dispose();
    }

    private PlannedImage? NextOfPlan()
    {
        _isAtEnd = _isAtEnd || !_images.MoveNext();
        return _isAtEnd ? null : _images.Current;
    }

    private void Decide(PlannedImage? replacement)
    {
        lock (_gate)
        {
            _undecided--;
            if (replacement is not null)
            {
                _replacements.Enqueue(replacement);
            }
        }

        _changes.Release();
    }
}
