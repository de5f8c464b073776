using System.Diagnostics;
using System.Numerics.Tensors;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;
using CtfService.Model.Sampling;

namespace CtfService.Model.Stages;

/// <summary>An image on its way through the stages, from admission to its pixels. Call from the generator's thread only.</summary>
/// <param name="positions">T.</param>
internal sealed class RunningImage(long id, ImageSpecification specification, int positions)
{
    private readonly long _admitted = Stopwatch.GetTimestamp();
    private CandidateChoice? _candidates; // null if there is one, which is not scored
    private long _coarseDone;
    private long _fineDone;

    public long Id { get; } = id;

    public ImageSpecification Specification { get; } = specification;

    public ImagePriority Priority { get; init; } = ImagePriority.Interactive;

    /// <summary>Coarse labels [T]: known before <see cref="Position"/> and of kept tokens; others before <see cref="DraftedCells"/> are drafts.</summary>
    public int[] CoarseLabels { get; } = new int[positions];

    /// <summary>[T]: the token of each kept position, <see cref="LayoutSource.NewToken"/> for the others. Null if nothing is kept.</summary>
    public IReadOnlyList<int>? KeptTokens { get; private set; } = (specification.Layout as LayoutSource.Given)?.KeptTokens;

    /// <summary>Tokens [T], set by the fine stage; the coarse labels if the model has no fine stage. Empty before.</summary>
    public int[] Tokens { get; private set; } = [];

    /// <summary>The grid cell whose label is drawn next; all labels before it are known. T if all are.</summary>
    public int Position { get; private set; }

    /// <summary>
    /// The number of sequence positions whose keys and values are cached. Position 0 is the class, position t + 1 the label of cell t; drawing the label of
    /// cell t needs the positions up to t.
    /// </summary>
    public int CachedPositions { get; set; }

    /// <summary>The number of cells that have a label, known or drafted.</summary>
    public int DraftedCells { get; set; }

    /// <summary>The number of decode steps so far.</summary>
    public int DecodeSteps { get; set; }

    /// <summary>Why the image fails alone; null if it does not. The coarse stage then removes it.</summary>
    public Exception? Fault { get; set; }

    /// <summary>True if nothing is drawn yet, of the image or of a further candidate.</summary>
    public bool IsAtFirstLabel => Position == NextAfter(-1) && CachedPositions <= Position;

    /// <summary>True if the kept labels between and after the drawn ones are scored.</summary>
    public bool IsScored => _candidates is not null;

    /// <summary>True if all labels are final.</summary>
    public bool IsLayoutComplete => Position == CoarseLabels.Length && (_candidates is null || _candidates.Index == _candidates.Count);

    /// <summary>The number of known labels of all candidates, and that of all labels.</summary>
    public (int Known, int All) Progress
    {
        get
        {
            var (drawn, count) = _candidates is null ? (0, 1) : (_candidates.Index, _candidates.Count);
            return drawn == count ? (1, 1) : ((drawn * CoarseLabels.Length) + Position, count * CoarseLabels.Length);
        }
    }

    /// <summary>Seed of the labels that are drawn: that of the image, or of a further candidate.</summary>
    public ulong LabelSeed => _candidates?.Seed ?? Specification.Seed;

    /// <summary>Returns the draw of a coarse label.</summary>
    public LabelDraw DrawOf(int cell) => new(Specification.Method, LabelSeed, SamplingStage.Coarse, cell);

    /// <summary>The last position that the coarse stage needs next: that of the next label to draw, or of the last label if kept labels are scored.</summary>
    public int NextPosition => Math.Min(Position, CoarseLabels.Length - 1);

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
        var count = (Specification.Layout as LayoutSource.Edited)?.Candidates ?? 1;
        if (count > 1 && Enumerable.Range(Position, CoarseLabels.Length - Position).Any(IsKept))
        {
            _candidates = new CandidateChoice(Specification.Seed, count);
        }
    }

    /// <summary>Scores a kept label by its logits [V] if it comes after a drawn one.</summary>
    public void Score(int cell, ReadOnlySpan<float> logits)
    {
        if (_candidates is not null && cell > NextAfter(-1) && RequireFinite(cell, logits))
        {
            _candidates.Add(CandidateChoice.LogProbability(logits, CoarseLabels[cell]));
        }
    }

    /// <summary>Sets <see cref="Fault"/> and returns false if not all logits of a cell are finite.</summary>
    public bool RequireFinite(int cell, ReadOnlySpan<float> logits)
    {
        if (TensorPrimitives.IsFiniteAll(logits))
        {
            return true;
        }

        Fault ??= NotFiniteException.Of("coarse logits", cell);
        return false;
    }

    /// <summary>Returns the rows of a position in a decode step: a second one for the null class if guidance applies to the label that it gives.</summary>
    public int RowsOf(int position) => IsGuidedAt(position) ? 2 : 1;

    /// <summary>Returns whether guidance applies to the label of a cell.</summary>
    public bool IsGuidedAt(int cell) => NullSlot is not null && cell <= Specification.Coarse.LastGuidedPosition;

    /// <summary>Returns whether the token of a cell is kept.</summary>
    public bool IsKept(int cell) => KeptTokens is { } kept && kept[cell] != LayoutSource.NewToken;

    /// <summary>Returns the number of consecutive cells to draw from <see cref="Position"/> on, at most <paramref name="most"/>.</summary>
    public int CellsToDraw(int most)
    {
        var cell = Position;
        while (cell < CoarseLabels.Length && cell - Position < most && !IsKept(cell))
        {
            cell++;
        }

        return cell - Position;
    }

    /// <summary>Returns whether no label is left to draw after the next ones.</summary>
    /// <param name="count">The number of next labels, in consecutive cells.</param>
    public bool EndsAfter(int count) => Position < CoarseLabels.Length && NextAfter(Position + count - 1) == CoarseLabels.Length;

    /// <summary>
    /// Moves on to the first label that is not drawn, or to the next candidate when all labels of one are drawn and scored. The labels of all cached positions
    /// are known.
    /// </summary>
    public void Advance()
    {
        if (Position < CoarseLabels.Length)
        {
            Position = NextAfter(CachedPositions - 1);
        }

        if (_candidates is null || CachedPositions < CoarseLabels.Length || Position < CoarseLabels.Length)
        {
            return;
        }

        _candidates.End(CoarseLabels);
        if (!IsLayoutComplete)
        {
            Position = NextAfter(-1);
            CachedPositions = Position; // those before the first drawn label are the same for all candidates
            DraftedCells = Position;
        }
    }

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
