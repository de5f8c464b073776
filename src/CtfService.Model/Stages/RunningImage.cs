using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;

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

    /// <summary>Coarse labels [T]; those before <see cref="Position"/> and those of kept tokens are known.</summary>
    public int[] CoarseLabels { get; } = new int[positions];

    /// <summary>[T]: the token of each kept position, <see cref="LayoutSource.NewToken"/> for the others. Null if nothing is kept.</summary>
    public IReadOnlyList<int>? KeptTokens { get; private set; } = (specification.Layout as LayoutSource.Given)?.KeptTokens;

    /// <summary>Tokens [T], set by the fine stage; the coarse labels if the model has no fine stage. Empty before.</summary>
    public int[] Tokens { get; private set; } = [];

    /// <summary>The grid cell whose label is drawn next; all labels before it are known. T if the layout is complete.</summary>
    public int Position { get; private set; }

    /// <summary>
    /// The number of sequence positions whose keys and values are cached. Position 0 is the class, position t + 1 the label of cell t; drawing the label of
    /// cell t needs the positions up to t.
    /// </summary>
    public int CachedPositions { get; set; }

    /// <summary>True if the label at <see cref="Position"/> is the last one to draw.</summary>
    public bool IsAtLastLabel => NextAfter(Position) == CoarseLabels.Length;

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

    /// <summary>Keeps some tokens, whose labels are then not drawn. Call before the first label is drawn.</summary>
    /// <param name="tokens">[T]: the token of each kept position, <see cref="LayoutSource.NewToken"/> for the others.</param>
    public void Keep(int[] tokens, ClusterMap map)
    {
        for (var cell = 0; cell < tokens.Length; cell++)
        {
            CoarseLabels[cell] = tokens[cell] == LayoutSource.NewToken ? 0 : map.ClusterOf(tokens[cell]);
        }

        KeptTokens = tokens;
        Position = NextAfter(-1);
    }

    /// <summary>Returns whether the token of a cell is kept.</summary>
    public bool IsKept(int cell) => KeptTokens is { } kept && kept[cell] != LayoutSource.NewToken;

    /// <summary>Moves on to the next label to draw.</summary>
    public void Advance() => Position = NextAfter(Position);

    public void MarkCoarseDone() => _coarseDone = Stopwatch.GetTimestamp();

    public void SetTokens(int[] tokens, bool hasFineStage)
    {
        Tokens = tokens;
        _fineDone = hasFineStage ? Stopwatch.GetTimestamp() : _coarseDone;
    }

    /// <summary>Returns the pixels of the image: those drawn, and for an edit the kept pixels of its picture.</summary>
    public RgbImage Join(RgbImage drawn) => Specification.Layout is LayoutSource.Edited edited ? EditSeam.Blend(edited.Picture, drawn, edited.Mask) : drawn;

    public StageTimings Timings(long decodeDone) => new(
        Stopwatch.GetElapsedTime(_admitted, _coarseDone), Stopwatch.GetElapsedTime(_coarseDone, _fineDone), Stopwatch.GetElapsedTime(_fineDone, decodeDone));

    /// <summary>Returns the next cell whose label is drawn; T if there is none.</summary>
    private int NextAfter(int cell)
    {
        do
        {
            cell++;
        }
        while (cell < CoarseLabels.Length && IsKept(cell));
        return cell;
    }
}
