using CtfService.Model.Transformer;

namespace CtfService.Training.Planning;

/// <summary>The disk that a training needs, in bytes.</summary>
/// <param name="Tokens">The tokens of all images, if they are made with the run.</param>
/// <param name="Checkpoint">Weights, their average and both moments of AdamW.</param>
/// <param name="Result">The averaged weights.</param>
public sealed record DiskPlan(long Tokens, long Checkpoint, long Result)
{
    /// <summary>Bytes of a token while the codebook has at most 65,536 codewords; more otherwise.</summary>
    private const int SmallToken = sizeof(ushort);

    /// <summary>The most disk in use at once: a checkpoint is complete before it replaces the one before.</summary>
    public long Peak => Tokens + (2 * Checkpoint) + Result;

    /// <param name="rows">Rows of tokens: images times variants.</param>
    /// <param name="codewords">Size of the codebook.</param>
    public static DiskPlan Of(TransformerConfig config, long rows, int codewords)
    {
        var weights = sizeof(float) * TransformerCost.Parameters(config);
        var token = codewords <= ushort.MaxValue + 1 ? SmallToken : sizeof(int);
        return new DiskPlan(rows * ((config.Positions * token) + sizeof(int)), Checkpoint: 4 * weights, Result: weights);
    }
}
