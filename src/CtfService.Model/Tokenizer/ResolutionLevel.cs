using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>
/// One level of the encoder or decoder: residual blocks, each followed by attention if the level has it, then a change of resolution
/// if another level follows.
/// </summary>
internal sealed class ResolutionLevel : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "res")]
    private readonly ModuleList<ResidualBlock> _residuals = [];

    [ComponentName(Name = "attn")]
    private readonly ModuleList<SpatialAttention> _attentions = [];

    [ComponentName(Name = "downsample")]
    private readonly Downsample? _downsample;

    [ComponentName(Name = "upsample")]
    private readonly Upsample? _upsample;

    public ResolutionLevel(int inputWidth, int outputWidth, int blocks, bool attends, Resampling resampling)
        : base(nameof(ResolutionLevel))
    {
        for (var block = 0; block < blocks; block++)
        {
            _residuals.Add(new ResidualBlock(block == 0 ? inputWidth : outputWidth, outputWidth));
            if (attends)
            {
                _attentions.Add(new SpatialAttention(outputWidth));
            }
        }

        _downsample = resampling == Resampling.Down ? new Downsample(outputWidth) : null;
        _upsample = resampling == Resampling.Up ? new Upsample(outputWidth) : null;
        RegisterComponents();
    }

    /// <summary>[B, in, h, w] to [B, out, h', w'] with h' = h, h/2 or 2h.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = input;
        for (var block = 0; block < _residuals.Count; block++)
        {
            hidden = _residuals[block].call(hidden);
            hidden = _attentions.Count > 0 ? _attentions[block].call(hidden) : hidden;
        }

        hidden = _downsample?.call(hidden) ?? _upsample?.call(hidden) ?? hidden;
        return hidden.MoveToOuterDisposeScope();
    }
}

/// <summary>The change of resolution after the blocks of a level.</summary>
internal enum Resampling
{
    None,
    Down,
    Up,
}
