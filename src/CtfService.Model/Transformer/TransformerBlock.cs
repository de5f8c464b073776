using CtfService.Model.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>Pre-norm block: attention, then feed-forward, each added to its input.</summary>
internal sealed class TransformerBlock : nn.Module<Tensor, AttentionContext, Tensor>
{
    [ComponentName(Name = "attention")]
    private readonly Attention _attention;

    [ComponentName(Name = "feed_forward")]
    private readonly FeedForward _feedForward;

    [ComponentName(Name = "attention_norm")]
    private readonly RmsNorm _attentionNorm;

    [ComponentName(Name = "ffn_norm")]
    private readonly RmsNorm _feedForwardNorm;

    public TransformerBlock(TransformerConfig config, int layer)
        : base(nameof(TransformerBlock))
    {
        _attention = new Attention(config, layer);
        _feedForward = new FeedForward(config);
        _attentionNorm = new RmsNorm(config.Width, config.NormEpsilon);
        _feedForwardNorm = new RmsNorm(config.Width, config.NormEpsilon);
        RegisterComponents();
    }

    /// <summary>[R, S, D] to [R, S, D].</summary>
    public override Tensor forward(Tensor hidden, AttentionContext context)
    {
        using var scope = NewDisposeScope();
        var attended = hidden + _attention.call(_attentionNorm.call(hidden), context);
        return (attended + _feedForward.call(_feedForwardNorm.call(attended))).MoveToOuterDisposeScope();
    }
}
