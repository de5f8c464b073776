using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>
/// Decodes a latent grid to an image: residual, attention and residual block, then levels of rising resolution (level 0 is the deepest, with attention).
/// There is no output activation: pixels are nominally in [-1, 1], but not clamped.
/// </summary>
internal sealed class Decoder : nn.Module<Tensor, Tensor>
{
    private readonly int _patchSize;

    [ComponentName(Name = "conv_in")]
    private readonly Convolution _input;

    [ComponentName(Name = "mid")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> _middle;

    [ComponentName(Name = "conv_blocks")]
    private readonly ModuleList<ResolutionLevel> _levels = [];

    [ComponentName(Name = "norm_out")]
    private readonly GroupNorm _norm;

    [ComponentName(Name = "conv_out")]
    private readonly Convolution _output;

    public Decoder(TokenizerConfig config)
        : base(nameof(Decoder))
    {
        _patchSize = config.PatchSize;
        var deepest = config.DecoderMultipliers.Count - 1;
        var width = config.BaseWidth * config.DecoderMultipliers[deepest];
        _input = new Convolution(config.LatentWidth, width, kernel: 3, padding: 1);
        _middle = [new ResidualBlock(width, width), new SpatialAttention(width), new ResidualBlock(width, width)];
        for (var level = deepest; level >= 0; level--)
        {
            var next = config.BaseWidth * config.DecoderMultipliers[level];
            _levels.Add(new ResolutionLevel(width, next, config.ResidualBlocks + 1, attends: level == deepest, level == 0 ? Resampling.None : Resampling.Up));
            width = next;
        }

        _norm = new GroupNorm(width);
        _output = new Convolution(width, VqTokenizer.PixelChannels * _patchSize * _patchSize, kernel: 3, padding: 1);
        RegisterComponents();
    }

    /// <summary>[B, z, Gh, Gw] to [B, 3, H, W].</summary>
    public override Tensor forward(Tensor latent)
    {
        using var scope = NewDisposeScope();
        var hidden = _input.call(latent);
        foreach (var block in _middle)
        {
            hidden = block.call(hidden);
        }

        foreach (var level in _levels)
        {
            hidden = level.call(hidden);
        }

        var pixels = _output.call(nn.functional.silu(_norm.call(hidden)));
        pixels = _patchSize == 1 ? pixels : nn.functional.pixel_shuffle(pixels, _patchSize);
        return pixels.MoveToOuterDisposeScope();
    }
}
