using CtfService.Model.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>SwiGLU (Shazeer 2020, "GLU variants improve transformer"): w2(silu(w1 x) * w3 x), no biases.</summary>
internal sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    private readonly float _dropout;

    [ComponentName(Name = "w1")]
    private readonly Projection _gate;

    [ComponentName(Name = "w3")]
    private readonly Projection _up;

    [ComponentName(Name = "w2")]
    private readonly Projection _down;

    public FeedForward(TransformerConfig config)
        : base(nameof(FeedForward))
    {
        _dropout = config.Dropout;
        _gate = new Projection(config.Width, config.FeedForwardWidth);
        _up = new Projection(config.Width, config.FeedForwardWidth);
        _down = new Projection(config.FeedForwardWidth, config.Width);
        RegisterComponents();
    }

    /// <summary>[.., D] to [.., D].</summary>
    public override Tensor forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var gated = nn.functional.silu(_gate.call(hidden)) * _up.call(hidden); // [.., F]
        return nn.functional.dropout(_down.call(gated), _dropout, training).MoveToOuterDisposeScope();
    }
}
