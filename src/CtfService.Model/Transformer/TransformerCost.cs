namespace CtfService.Model.Transformer;

/// <summary>Parameters and floating-point operations of a transformer, from its architecture alone; nothing is allocated.</summary>
public static class TransformerCost
{
    /// <summary>The backward pass multiplies twice for each product of the forward pass: for the gradient of the input and for that of the weight.</summary>
    private const int PassesOfTraining = 3;

    /// <summary>Returns the number of all weights.</summary>
    public static long Parameters(TransformerConfig config) =>
        EmbeddingParameters(config) + HeadParameters(config) + (config.Layers * (BlockMatrices(config) + (2L * config.Width))) + config.Width;

    /// <summary>Returns the weights of the tables of classes and labels.</summary>
    public static long EmbeddingParameters(TransformerConfig config) => (config.ClassCount + 1L + config.InputVocabulary) * config.Width;

    /// <summary>Returns the weights of the output head.</summary>
    public static long HeadParameters(TransformerConfig config) => (long)config.OutputVocabulary * config.Width;

    /// <summary>Returns the weights of the matrices of one block: 4 D² of attention and 3 D F of the feed-forward layer.</summary>
    public static long BlockMatrices(TransformerConfig config) =>
        (4L * config.Width * config.Width) + (3L * config.Width * config.FeedForwardWidth);

    /// <summary>Returns S, the positions of a sequence in training: the class and T - 1 labels if causal, otherwise the class and T labels.</summary>
    public static int SequenceLength(TransformerConfig config) => config.Causal ? config.Positions : config.Positions + 1;

    /// <summary>
    /// Returns the floating-point operations of a training step, as the PaLM paper counts them for model FLOP utilisation (arXiv 2204.02311, appendix B):
    /// two for each weight of a matrix and position, and attention over all pairs of positions, also in a causal model; the backward pass counts twice the
    /// forward pass; look-ups, norms and activations count nothing.
    /// </summary>
    /// <param name="images">Images of a step.</param>
    /// <param name="scoredVocabulary">Labels that are scored at a position; null for the whole output vocabulary.</param>
    public static double TrainingFlops(TransformerConfig config, long images, int? scoredVocabulary = null) =>
        PassesOfTraining * images * ForwardFlops(config, scoredVocabulary ?? config.OutputVocabulary);

    private static double ForwardFlops(TransformerConfig config, double scored)
    {
        var (length, width) = ((double)SequenceLength(config), (double)config.Width);
        var products = 2 * length * BlockMatrices(config);
        var attention = 4 * length * length * width; // scores, and the weighted sum of values
        return (config.Layers * (products + attention)) + (2 * config.Positions * scored * width);
    }
}
