using CtfService.Model.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>
/// The transformer of both stages, LlamaGen's GPT (arXiv 2406.06525): a class vector, followed by one label per grid cell; each position gets logits over the
/// output vocabulary. The causal form predicts the next label, the form with full attention every position from all labels. State-dict names are the published
/// ones. Not thread-safe.
/// </summary>
public sealed class ClassConditionalTransformer : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly RopeTable _rope;

    [ComponentName(Name = "cls_embedding")]
    private readonly ClassEmbedding _classes;

    [ComponentName(Name = "tok_embeddings")]
    private readonly EmbeddingTable _labels;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<TransformerBlock> _blocks = [];

    [ComponentName(Name = "norm")]
    private readonly RmsNorm _norm;

    [ComponentName(Name = "output")]
    private readonly Projection _output;

    /// <exception cref="ArchitectureException">The architecture is invalid; the message lists the problems.</exception>
    public ClassConditionalTransformer(TransformerConfig config)
        : base(nameof(ClassConditionalTransformer))
    {
        ArchitectureException.ThrowIfAny(config.Problems(name => name));
        Config = config;
        _classes = new ClassEmbedding(config);
        _labels = new EmbeddingTable(config.InputVocabulary, config.Width);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            _blocks.Add(new TransformerBlock(config, layer));
        }

        _norm = new RmsNorm(config.Width, config.NormEpsilon);
        _output = new Projection(config.Width, config.OutputVocabulary, initialDeviation: 0); // a fresh model gives all labels the same logits
        RegisterComponents();
        _rope = new RopeTable(config, ParameterScope.Device); // last: only Dispose frees it, so nothing may throw after it
    }

    public TransformerConfig Config { get; }

    /// <summary>The weights of the output head, [V, D].</summary>
    public Tensor OutputWeight => _output.Weight;

    /// <summary>
    /// Returns the logits of a whole sequence: classes int64 [B] and labels int64 [B, S], S at most T, to [B, 1+S, V]. Causal: element t has the logits of
    /// label t. Full attention: element t+1 has the logits of position t.
    /// </summary>
    public override Tensor forward(Tensor classIds, Tensor labels)
    {
        using var hidden = Hidden(classIds, labels);
        return _output.call(hidden);
    }

    /// <summary>Returns what <see cref="forward"/> passes to the output head, [B, 1+S, D].</summary>
    /// <param name="cancellation">Checked before each block.</param>
    public Tensor Hidden(Tensor classIds, Tensor labels, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        var embedded = cat([_classes.call(classIds).unsqueeze(1), _labels.call(labels)], dim: 1); // [B, 1+S, D]
        return Run(embedded, new AttentionContext(_rope.Slice(0, embedded.shape[1])), cancellation).MoveToOuterDisposeScope();
    }

    /// <summary>Runs one decode step. Each row has positions of its own, and every position sees those before it.</summary>
    /// <param name="inputs">int64 [R, S]: the class at position 0, otherwise the label before.</param>
    /// <param name="positions">int64 [R, S].</param>
    /// <returns>Logits [R, S, V], owned by the caller.</returns>
    internal Tensor DecodeStep(Tensor inputs, Tensor positions, KvCache cache)
    {
        using var scope = NewDisposeScope();
        var hidden = Run(Embed(inputs, positions.eq(0)), new AttentionContext(_rope.Pick(positions), cache)); // [R, S, D]
        return _output.call(hidden).to(float32).MoveToOuterDisposeScope();
    }

    /// <summary>Caches the keys and values of consecutive positions of one row in one pass, as decode steps would one by one.</summary>
    /// <param name="inputs">int64 [S]: the class at position 0, otherwise the label before.</param>
    /// <param name="first">The first position; all before it are cached.</param>
    /// <returns>What <see cref="Score"/> makes logits of, [S, D], owned by the caller.</returns>
    internal Tensor Prefill(Tensor inputs, KvCache cache, int row, int first)
    {
        using var scope = NewDisposeScope();
        var count = (int)inputs.shape[0];
        var isClass = arange(first, first + count, int64, inputs.device).eq(0);                                     // [S]
        var context = new AttentionContext(_rope.Slice(first, count), cache.Run(row, first, count));
        return Run(Embed(inputs, isClass).unsqueeze(0), context).squeeze(0).MoveToOuterDisposeScope();              // [S, D]
    }

    /// <summary>Returns logits over the whole output vocabulary: [.., D] to [.., V].</summary>
    public Tensor Score(Tensor hidden) => _output.call(hidden);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rope.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>int64 [..] and bool [..], true for a class and false for a label, to [.., D].</summary>
    private Tensor Embed(Tensor inputs, Tensor isClass)
    {
        var zero = Scalars.Of(0L);
        var (classes, labels) = (_classes.call(inputs.masked_fill(isClass.logical_not(), zero)), _labels.call(inputs.masked_fill(isClass, zero)));
        return where(isClass.unsqueeze(-1), classes, labels);
    }

    private Tensor Run(Tensor embedded, AttentionContext context, CancellationToken cancellation = default)
    {
        var hidden = nn.functional.dropout(embedded, Config.Dropout, training);
        foreach (var block in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            hidden = block.call(hidden, context);
        }

        return _norm.call(hidden);
    }
}

/// <summary>Class vectors: one row per class and one for the null class that guidance subtracts. Key: <c>embedding_table.weight</c> [classes + 1, D].</summary>
internal sealed class ClassEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "embedding_table")]
    private readonly EmbeddingTable _table;

    public ClassEmbedding(TransformerConfig config)
        : base(nameof(ClassEmbedding))
    {
        _table = new EmbeddingTable(config.ClassCount + 1, config.Width);
        RegisterComponents();
    }

    /// <summary>int64 [B] to [B, D].</summary>
    public override Tensor forward(Tensor classIds) => _table.call(classIds);
}
