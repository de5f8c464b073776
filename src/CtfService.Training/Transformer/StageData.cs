using CtfService.Core.Models;
using CtfService.Model.Clusters;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Tokens;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Batches of tokens and coarse labels, balanced over the classes, with class dropout for guidance.</summary>
internal sealed class StageData : IDisposable
{
    /// <summary>Held-out rows that are scored together; limited because the logits of a large codebook take much memory.</summary>
    private const int HeldOutBatch = 32;

    private readonly TokenSet _train;
    private readonly TokenSet _heldOut;
    private readonly BatchSampler _sampler;
    private readonly int _codebookSize;
    private readonly double _classDropout;
    private readonly TokenPrefetch _batches;
    private readonly Tensor _clusterOfToken; // [K] int64

    /// <param name="options">Batch size, seed and class dropout.</param>
    public StageData(TokenSet train, TokenSet heldOut, ClusterMap map, TrainingOptions options)
    {
        _classDropout = options.ClassDropout;
        _train = train;
        _heldOut = heldOut;
        _codebookSize = map.CodebookSize;
        _sampler = new BatchSampler(train.ClassIds, new BatchOptions { BatchSize = options.BatchSize, Seed = options.Seed, BalanceClasses = true });
        _batches = new TokenPrefetch(step => Read(_train, [.. _sampler.Sample(step).Select(item => item.ImageIndex)]));
        _clusterOfToken = tensor(map.ClusterOfToken.Select(cluster => (long)cluster).ToArray()).DetachFromDisposeScope();
    }

    /// <summary>
    /// Returns the batch of a step; the null class replaces some classes. Random numbers come from libtorch's generator, which is seeded for each step.
    /// </summary>
    public StageBatch Sample(long step, long nullClass)
    {
        var (tokens, classIds) = _batches.Take(step).ToTensors();
        using var dropped = rand(classIds.shape).less(_classDropout);
        return new StageBatch(classIds.masked_fill(dropped, nullClass), Coarsen(tokens), tokens);
    }

    /// <summary>Returns evenly spaced held-out rows.</summary>
    public StageBatch HeldOut(int count) => HeldOut(HeldOutRows(count));

    /// <summary>Returns evenly spaced held-out rows in batches; every row keeps its class.</summary>
    public IEnumerable<StageBatch> HeldOutBatches(int count) => HeldOutRows(count).Chunk(HeldOutBatch).Select(HeldOut);

    public void Dispose()
    {
        _batches.Dispose();
        _clusterOfToken.Dispose();
    }

    private TokenRows Read(TokenSet set, IReadOnlyList<int> indexes)
    {
        var rows = set.ReadRows(indexes);
        return Array.FindIndex(rows.Tokens, token => (ulong)token >= (ulong)_codebookSize) is >= 0 and var place
            ? throw new CheckpointException(
                $"Row {indexes[place / set.Positions]} of the tokens has the token {rows.Tokens[place]}; expected 0 to {_codebookSize - 1}. "
                + "The file is damaged: compute the tokens again with 'ctf tokenize --overwrite'.")
            : rows;
    }

    private IEnumerable<int> HeldOutRows(int count) => Enumerable.Range(0, count).Select(i => (int)((long)i * _heldOut.ClassIds.Count / count));

    private StageBatch HeldOut(IEnumerable<int> rows)
    {
        var (tokens, classIds) = Read(_heldOut, [.. rows]).ToTensors();
        return new StageBatch(classIds, Coarsen(tokens), tokens);
    }

    private Tensor Coarsen(Tensor tokens)
    {
        using var flat = tokens.flatten();
        return _clusterOfToken.index_select(0, flat).reshape(tokens.shape);
    }
}
