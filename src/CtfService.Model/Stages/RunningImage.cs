using System.Diagnostics;
using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>One image while its labels and tokens come about. Belongs to the generator's thread.</summary>
/// <param name="positions">T.</param>
internal sealed class RunningImage(long id, ImageSpecification specification, int positions)
{
    private readonly long _admitted = Stopwatch.GetTimestamp();
    private long _coarseDone;
    private long _fineDone;

    public long Id { get; } = id;

    public ImageSpecification Specification { get; } = specification;

    /// <summary>[T]: coarse labels, there up to <see cref="Position"/>.</summary>
    public int[] CoarseLabels { get; } = new int[positions];

    /// <summary>[T]: set by the fine stage; the coarse labels themselves where there is none.</summary>
    public int[] Tokens { get; private set; } = [];

    /// <summary>Cells that have their label.</summary>
    public int Position { get; set; }

    /// <summary>Where the class-conditional row's keys and values are.</summary>
    public int Slot { get; set; }

    /// <summary>The same of the null-class row; null without guidance.</summary>
    public int? NullSlot { get; set; }

    /// <summary>All coarse labels at once, from elsewhere than the coarse stage.</summary>
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
