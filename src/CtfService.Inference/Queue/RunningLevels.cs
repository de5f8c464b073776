using CtfService.Core.Generation;

namespace CtfService.Inference.Queue;

/// <summary>The running images of a device by the priority at which they run. Not thread-safe.</summary>
internal sealed class RunningLevels
{
    private readonly RunningImages[] _levels = new RunningImages[(int)ImagePriority.Bulk + 1];

    /// <summary>Number of images.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var level in _levels)
            {
                count += level.Count;
            }

            return count;
        }
    }

    public ref RunningImages this[ImagePriority level] => ref _levels[(int)level];

    /// <summary>Returns true if an image of a higher priority runs.</summary>
    public bool HasAbove(ImagePriority priority)
    {
        foreach (var level in _levels.AsSpan(0, (int)priority))
        {
            if (level.Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    public void CopyFrom(RunningLevels other) => other._levels.CopyTo(_levels, 0);

    public void Clear() => Array.Clear(_levels);
}

/// <summary>The running images of one priority and the rows that further ones may take.</summary>
/// <param name="FreeRows">Number of rows of a decode step that further images of this priority may take, those of lower priorities included.</param>
/// <param name="Drawn">Number of images with a drawn layout.</param>
/// <param name="Layouts">Number of images with a given or VQ encoded layout.</param>
internal readonly record struct RunningImages(int FreeRows, int Drawn, int Layouts)
{
    public int Count => Drawn + Layouts;

    /// <summary>Counts an image that starts.</summary>
    /// <param name="rows">Rows of the image; 0 if it has no decode steps.</param>
    public RunningImages With(int rows) =>
        rows > 0 ? this with { FreeRows = FreeRows - rows, Drawn = Drawn + 1 } : this with { Layouts = Layouts + 1 };
}
