using CtfService.Model.Clusters;
using CtfService.Training.Data;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Batches of tokens and coarse labels, balanced over the classes, with class dropout for guidance.</summary>
internal sealed class StageData : IDisposable
{
    /// <summary>Share of the samples that are trained without their class (Ho and Salimans 2022).</summary>
    private const double ClassDropout = 0.1;

    /// <summary>Held-out rows whose loss is computed together; limited because the logits of a large codebook take much memory.</summary>
    private const int HeldOutBatch = 32;

    private readonly TokenCache _train;
    private readonly TokenCache _heldOut;
    private readonly BatchSampler _sampler;
    private readonly Tensor _clusterOfToken; // [K] int64

    public StageData(TokenCache train, TokenCache heldOut, ClusterMap map, int batchSize, ulong seed)
    {
        _train = train;
        _heldOut = heldOut;
        _sampler = new BatchSampler(train.ClassIds, new BatchOptions { BatchSize = batchSize, Seed = seed, BalanceClasses = true });
        _clusterOfToken = tensor(map.ClusterOfToken.Select(cluster => (long)cluster).ToArray()).DetachFromDisposeScope();
    }

    /// <summary>
    /// Returns the batch of a step; the null class replaces some classes. Random numbers come from libtorch's generator, which is seeded for each step.
    /// </summary>
    public StageBatch Sample(long step, long nullClass)
    {
        var (tokens, classIds) = _train.Batch([.. _sampler.Sample(step).Select(item => item.ImageIndex)]);
        using var dropped = rand(classIds.shape).less(ClassDropout);
        return new StageBatch(classIds.masked_fill(dropped, nullClass), Coarsen(tokens), tokens);
    }

    /// <summary>Returns evenly spaced held-out rows.</summary>
    public StageBatch HeldOut(int count) => HeldOut(HeldOutRows(count));

    /// <summary>Returns the mean loss over evenly spaced held-out rows; every row keeps its class.</summary>
    public double HeldOutLoss(int count, Func<StageBatch, Tensor> loss)
    {
        var total = 0.0;
        foreach (var rows in HeldOutRows(count).Chunk(HeldOutBatch))
        {
            using var scope = NewDisposeScope();
            total += loss(HeldOut(rows)).item<float>() * rows.Length;
        }

        return total / count;
    }

    public void Dispose() => _clusterOfToken.Dispose();

    private IEnumerable<int> HeldOutRows(int count) => Enumerable.Range(0, count).Select(i => (int)((long)i * _heldOut.ClassIds.Count / count));

    private StageBatch HeldOut(IEnumerable<int> rows)
    {
        var (tokens, classIds) = _heldOut.Batch([.. rows]);
        return new StageBatch(classIds, Coarsen(tokens), tokens);
    }

    private Tensor Coarsen(Tensor tokens)
    {
        using var flat = tokens.flatten();
        return _clusterOfToken.index_select(0, flat).reshape(tokens.shape);
    }
}

/// <param name="ClassIds">int64 [B].</param>
/// <param name="CoarseLabels">int64 [B, T].</param>
/// <param name="Tokens">int64 [B, T].</param>
internal sealed record StageBatch(Tensor ClassIds, Tensor CoarseLabels, Tensor Tokens);
