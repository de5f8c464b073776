using System.Diagnostics;
using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>An image on its way through the stages, from admission to its pixels. Call from the generator's thread only.</summary>
/// <param name="positions">T.</param>
internal sealed class RunningImage(long id, ImageSpecification specification, int positions)
{
    private readonly long _admitted = Stopwatch.GetTimestamp();
    private long _coarseDone;
    private long _fineDone;

    public long Id { get; } = id;

    public ImageSpecification Specification { get; } = specification;

    public ImagePriority Priority { get; init; } = ImagePriority.Interactive;

    /// <summary>Coarse labels [T]; the first <see cref="Position"/> are drawn.</summary>
    public int[] CoarseLabels { get; } = new int[positions];

    /// <summary>Tokens [T], set by the fine stage; the coarse labels if the model has no fine stage. Empty before.</summary>
    public int[] Tokens { get; private set; } = [];

    /// <summary>The number of coarse labels drawn so far, which is also the grid cell of the next one.</summary>
    public int Position { get; set; }

    /// <summary>The slot with the keys and values of the class-conditional row.</summary>
    public int Slot { get; set; }

    /// <summary>The slot of the null-class row; null without guidance.</summary>
    public int? NullSlot { get; set; }

    /// <summary>Sets all coarse labels of an image whose layout is given or encoded.</summary>
    /// <param name="coarseLabels">[T].</param>
    public void SetLayout(ReadOnlySpan<int> coarseLabels)
    {
        coarseLabels.CopyTo(CoarseLabels);
        Position = CoarseLabels.Length;
        MarkCoarseDone();
    }

    public void MarkCoarseDone() => _coarseDone = Stopwatch.GetTimestamp();

    public void SetTokens(int[] tokens, bool hasFineStage)
    {
        Tokens = tokens;
        _fineDone = hasFineStage ? Stopwatch.GetTimestamp() : _coarseDone;
    }

    public StageTimings Timings(long decodeDone) => new(
        Stopwatch.GetElapsedTime(_admitted, _coarseDone), Stopwatch.GetElapsedTime(_coarseDone, _fineDone), Stopwatch.GetElapsedTime(_fineDone, decodeDone));
}
