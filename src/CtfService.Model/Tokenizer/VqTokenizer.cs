using CtfService.Model.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>
/// The VQ-VAE of LlamaGen (arXiv 2406.06525): converts images to tokens (VQ encode) and tokens to images (VQ decode). The state dict has the published
/// keys.
/// </summary>
public sealed class VqTokenizer : nn.Module<Tensor, Reconstruction>
{
    internal const int PixelChannels = 3;

    [ComponentName(Name = "encoder")]
    private readonly Encoder _encoder;

    [ComponentName(Name = "decoder")]
    private readonly Decoder _decoder;

    [ComponentName(Name = "quantize")]
    private readonly VectorQuantizer _quantizer;

    [ComponentName(Name = "quant_conv")]
    private readonly Convolution _beforeQuantizer;

    [ComponentName(Name = "post_quant_conv")]
    private readonly Convolution _afterQuantizer;

    /// <exception cref="ArchitectureException">The architecture cannot be built; the message says why.</exception>
    public VqTokenizer(TokenizerConfig config)
        : base(nameof(VqTokenizer))
    {
        ArchitectureException.ThrowIfAny(config.Problems(name => name));
        Config = config;
        _encoder = new Encoder(config);
        _decoder = new Decoder(config);
        _quantizer = new VectorQuantizer(config);
        _beforeQuantizer = new Convolution(config.LatentWidth, config.CodewordWidth, kernel: 1);
        _afterQuantizer = new Convolution(config.CodewordWidth, config.LatentWidth, kernel: 1);
        RegisterComponents();
    }

    public TokenizerConfig Config { get; }

    public VectorQuantizer Quantizer => _quantizer;

    /// <summary>The parameters that only VQ decode uses; tokens do not depend on them.</summary>
    public IEnumerable<TorchSharp.Modules.Parameter> DecoderParameters => _decoder.parameters().Concat(_afterQuantizer.parameters());

    /// <summary>Encodes, quantises and decodes images [B, 3, H, W] in [-1, 1].</summary>
    public override Reconstruction forward(Tensor image)
    {
        using var scope = NewDisposeScope();
        var quantized = _quantizer.call(Latents(image));
        quantized.Losses?.MoveToOuterDisposeScope();
        return new Reconstruction(DecodeCodewords(quantized.Latents).MoveToOuterDisposeScope(), quantized.Tokens.MoveToOuterDisposeScope(), quantized.Losses);
    }

    /// <summary>VQ encodes images [B, 3, H, W] in [-1, 1] to tokens int64 [B, Gh*Gw].</summary>
    public Tensor VqEncode(Tensor image)
    {
        using var scope = NewDisposeScope();
        return _quantizer.call(Latents(image)).Tokens.reshape(image.shape[0], -1).MoveToOuterDisposeScope();
    }

    /// <summary>VQ decodes tokens int64 [B, Gh*Gw] to images [B, 3, H, W], nominally in [-1, 1].</summary>
    public Tensor VqDecode(Tensor tokens, long gridHeight, long gridWidth)
    {
        using var scope = NewDisposeScope();
        return DecodeCodewords(_quantizer.Lookup(tokens, gridHeight, gridWidth)).MoveToOuterDisposeScope();
    }

    /// <summary>Decodes codewords, or vectors near them such as cluster centroids: [B, e, Gh, Gw] to images [B, 3, H, W].</summary>
    public Tensor DecodeCodewords(Tensor codewords)
    {
        using var latents = _afterQuantizer.call(codewords);
        return _decoder.call(latents);
    }

    /// <summary>Encodes images to latents before normalisation and quantisation: [B, e, Gh, Gw].</summary>
    /// <exception cref="ArchitectureException">The sides of the image are not multiples of the token size.</exception>
    public Tensor Latents(Tensor image)
    {
        string?[] problems = [Config.SideProblem("image height", (int)image.shape[2]), Config.SideProblem("image width", (int)image.shape[3])];
        ArchitectureException.ThrowIfAny(problems.OfType<string>());
        using var encoded = _encoder.call(image);
        return _beforeQuantizer.call(encoded);
    }
}

/// <summary>An image that was encoded and decoded. The receiver owns the tensors.</summary>
/// <param name="Image">[B, 3, H, W].</param>
/// <param name="Tokens">int64 [B*Gh*Gw].</param>
/// <param name="Losses">Null unless in training mode.</param>
public sealed record Reconstruction(Tensor Image, Tensor Tokens, QuantizerLosses? Losses);
