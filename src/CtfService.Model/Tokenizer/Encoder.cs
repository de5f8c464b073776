using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>Encodes an image to a latent grid: levels of falling resolution, the last with attention, then residual, attention and residual block.</summary>
internal sealed class Encoder : nn.Module<Tensor, Tensor>
{
    private readonly int _patchSize;

    [ComponentName(Name = "conv_in")]
    private readonly Convolution _input;

    [ComponentName(Name = "conv_blocks")]
    private readonly ModuleList<ResolutionLevel> _levels = [];

    [ComponentName(Name = "mid")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> _middle;

    [ComponentName(Name = "norm_out")]
    private readonly GroupNorm _norm;

    [ComponentName(Name = "conv_out")]
    private readonly Convolution _output;

    public Encoder(TokenizerConfig config)
        : base(nameof(Encoder))
    {
        _patchSize = config.PatchSize;
        _input = new Convolution(VqTokenizer.PixelChannels * _patchSize * _patchSize, config.BaseWidth, kernel: 3, padding: 1);
        var width = config.BaseWidth;
        var last = config.EncoderMultipliers.Count - 1;
        for (var level = 0; level <= last; level++)
        {
            var next = config.BaseWidth * config.EncoderMultipliers[level];
            _levels.Add(new ResolutionLevel(width, next, config.ResidualBlocks, attends: level == last, level == last ? Resampling.None : Resampling.Down));
            width = next;
        }

        _middle = [new ResidualBlock(width, width), new SpatialAttention(width), new ResidualBlock(width, width)];
        _norm = new GroupNorm(width);
        _output = new Convolution(width, config.LatentWidth, kernel: 3, padding: 1);
        RegisterComponents();
    }

    /// <summary>[B, 3, H, W] in [-1, 1] to [B, z, Gh, Gw].</summary>
    public override Tensor forward(Tensor image)
    {
        using var scope = NewDisposeScope();
        var folded = _patchSize == 1 ? image : nn.functional.pixel_unshuffle(image, _patchSize); // [B, 3p^2, H/p, W/p]
        var hidden = _input.call(folded);
        foreach (var level in _levels)
        {
            hidden = level.call(hidden);
        }

        foreach (var block in _middle)
        {
            hidden = block.call(hidden);
        }

        return _output.call(nn.functional.silu(_norm.call(hidden))).MoveToOuterDisposeScope();
    }
}
