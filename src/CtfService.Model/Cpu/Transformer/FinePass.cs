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
