using CtfService.Model.Clusters;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>Forward pass over all positions of up to Capacity images at once, with the final norm at its end.</summary>
internal sealed unsafe class FinePass<TVector, TSimd, TLayout, TElement> : TransformerPass<TVector, TSimd, TLayout, TElement>, IFinePass
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TElement : struct, ICacheElement
{
    private readonly MemberScorer<TVector, TSimd, TLayout> _scorer;

    public FinePass(PassParts parts, ClusterMap map)
        : base(parts, parts.Options.Capacity, parts.Options.Capacity * (1 + parts.Config.Positions), cachesEveryLayer: false)
    {
        _scorer = new MemberScorer<TVector, TSimd, TLayout>(parts, map);
    }

    public ReadOnlySpan<float> Hidden(int row) => new(Activations.Hidden + (row * Activations.WidthStride), Config.Width);

    public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits) => _scorer.Run(hidden, coarseLabels, logits);

    protected override PackedMatrix? Head => null;

    public override void Dispose()
    {
        base.Dispose();
        _scorer.Dispose();
    }

    protected override void Finish(PoolWorker worker)
    {
        var rowScales = Activations.RowScales(worker.Index);
        var (first, end) = worker.Partition(Rows.Count);
        ComputeRowScales(worker.Index, first, end);
        for (var row = first; row < end; row++)
        {
            var hidden = Activations.Hidden + (row * Activations.WidthStride);
            for (var feature = 0; feature < Config.Width; feature++)
            {
                hidden[feature] *= rowScales[row] * Weights.FinalNorm.Floats[feature];
            }
        }
    }
}

/// <summary>A fine pass of any vector width and weight format.</summary>
internal interface IFinePass : IDisposable
{
    /// <summary>Gets the rows, to be set before a run.</summary>
    PassRows Rows { get; }

    /// <summary>Computes the hidden states of all rows.</summary>
    /// <param name="cancellation">Checked between two blocks.</param>
    void Run(CancellationToken cancellation);

    /// <summary>Returns the hidden state of a row after the final norm, [D]. Valid until the next run.</summary>
    ReadOnlySpan<float> Hidden(int row);

    /// <inheritdoc cref="MemberScorer{TVector, TSimd, TLayout}.Run"/>
    void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits);
}

/// <summary>
/// Scores the members of each position's cluster. The rows of the output head are packed in the order of the clusters, so the members of one cluster lie in
/// a few adjacent panels, and only those are multiplied.
/// </summary>
internal sealed unsafe class MemberScorer<TVector, TSimd, TLayout> : IParallelRegion, IDisposable
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
{
    private readonly ComputeThreadPool _pool;
    private readonly PackedMatrix _head;
    private readonly NativeBuffer _scratch; // per thread: the row scale 1, then the scores of whole panels
    private readonly int _scratchStride;
    private readonly int[] _firstOutput;    // [C + 1]: the first output of each cluster
    private readonly int _width;
    private readonly int _largestCluster;
    private float* _hidden;
    private int* _coarseLabels;
    private float* _logits;
    private int _count;

    public MemberScorer(PassParts parts, ClusterMap map)
    {
        _pool = parts.Pool;
        (_width, _largestCluster) = (parts.Config.Width, map.LargestCluster);
        _head = PackedTransformer.PackHead<TLayout>(
            parts.Config, parts.Weights, TSimd.Lanes, includeNorm: false, [.. map.Members.SelectMany(members => members)]);
        _firstOutput = new int[map.ClusterCount + 1];
        for (var cluster = 0; cluster < map.ClusterCount; cluster++)
        {
            _firstOutput[cluster + 1] = _firstOutput[cluster] + map.Members[cluster].Length;
        }

        // A cluster may begin and end within a panel, and a register tile takes two panels.
        _scratchStride = TSimd.Lanes + Alignment.RoundUp(_largestCluster + PanelFeatures, PanelFeatures * PackedMatrix.PanelsPerTile);
        _scratch = NativeBuffer.OfFloats(_pool.Threads * _scratchStride);
        for (var thread = 0; thread < _pool.Threads; thread++)
        {
            _scratch.Floats[thread * _scratchStride] = 1;
        }
    }

    private static int PanelFeatures => PackedMatrix.VectorsPerPanel * TSimd.Lanes;

    /// <summary>Computes the logits of the members of each position's cluster.</summary>
    /// <param name="hidden">[positions, D], after the final norm.</param>
    /// <param name="coarseLabels">[positions].</param>
    /// <param name="logits">[positions, size of the largest cluster], overwritten; minus infinity beyond the cluster's members.</param>
    public void Run(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
    {
        fixed (float* hiddenStart = hidden, logitsStart = logits)
        {
            fixed (int* labelsStart = coarseLabels)
            {
                _hidden = hiddenStart;
                _coarseLabels = labelsStart;
                _logits = logitsStart;
                _count = coarseLabels.Length;
                _pool.Run(this);
            }
        }
    }

    void IParallelRegion.Run(int thread)
    {
        var one = _scratch.Floats + (thread * _scratchStride);
        var scores = one + TSimd.Lanes;
        var (first, end) = new PoolWorker(thread, _pool).Partition(_count);
        for (var position = first; position < end; position++)
        {
            var cluster = _coarseLabels[position];
            var (begin, members) = (_firstOutput[cluster], _firstOutput[cluster + 1] - _firstOutput[cluster]);
            var firstPanel = ScorePanels(_hidden + ((long)position * _width), begin, begin + members, one, scores);
            var target = new Span<float>(_logits + ((long)position * _largestCluster), _largestCluster);
            new ReadOnlySpan<float>(scores + begin - (firstPanel * PanelFeatures), members).CopyTo(target);
            target[members..].Fill(float.NegativeInfinity);
        }
    }

    public void Dispose()
    {
        _head.Dispose();
        _scratch.Dispose();
    }

    /// <summary>Scores the panels that hold outputs begin to end - 1.</summary>
    /// <returns>The index of the first panel, whose scores start at <paramref name="scores"/>.</returns>
    private int ScorePanels(float* hidden, int begin, int end, float* one, float* scores)
    {
        var lastTile = _head.PanelCount - PackedMatrix.PanelsPerTile;
        var firstPanel = Math.Min(begin / PanelFeatures, lastTile);
        var epilogue = new RowScaleEpilogue<TVector, TSimd>(scores - (firstPanel * PanelFeatures), 0, one);
        for (var panel = firstPanel; panel * PanelFeatures < end; panel += PackedMatrix.PanelsPerTile)
        {
            var tile = new MatMulTile
            {
                Panel = Math.Min(panel, lastTile),
                Weights = _head.Panels + (Math.Min(panel, lastTile) * _head.PanelBytes),
                PanelBytes = _head.PanelBytes,
                BlockBytes = _head.BlockBytes,
                Scales = _head.Scales,
                Pairs = _head.Pairs,
                Input = hidden,
            };
            MatMulMicroKernel<TVector, TSimd, TLayout, RowScaleEpilogue<TVector, TSimd>>.Tile1x4(tile, epilogue);
        }

        return firstPanel;
    }
}
