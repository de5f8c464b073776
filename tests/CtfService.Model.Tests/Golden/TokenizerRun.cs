using CtfService.Model.Checkpoints;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>Our tokenizer on the image of a golden file, in evaluation mode; its training step is <see cref="TokenizerTrainingRun"/>.</summary>
public sealed class TokenizerRun : IGoldenRun<TokenizerRun>, IDisposable
{
    private readonly VqTokenizer _tokenizer;
    private readonly ModuleOutputs _outputs;

    private TokenizerRun(string name)
    {
        Golden = GoldenModels.Values(name);
        Training = TokenizerTrainingRun.Of(name);
        _tokenizer = GoldenModels.Tokenizer(name);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (GridHeight, GridWidth) = (Golden.Entry("latent").Shape[2], Golden.Entry("latent").Shape[3]);

        var image = Golden.Read("image");
        Quantized = _tokenizer.Quantizer.call(_tokenizer.Latents(image));
        Reconstruction? reconstruction = null;
        _outputs = ModuleOutputs.During(_tokenizer, () => reconstruction = _tokenizer.call(image));
        Reconstruction = reconstruction!;
        Quantized.Latents.DetachFromDisposeScope();
        Quantized.Tokens.DetachFromDisposeScope();
        Reconstruction.Image.DetachFromDisposeScope();
    }

    public SafetensorsFile Golden { get; }

    public Quantized Quantized { get; }

    public Reconstruction Reconstruction { get; }

    public TokenizerTrainingRun Training { get; }

    private long GridHeight { get; }

    private long GridWidth { get; }

    public static TokenizerRun Of(string name) => new(name);

    public Tensor Output(string module) => _outputs.Output(module);

    /// <summary>Mean, population standard deviation, first 6 values of the first item, last 6 of the last, of a sub-module's output: [14].</summary>
    public Tensor Probe(string module)
    {
        var values = _outputs.Output(module);
        var flat = values.flatten();
        return cat([values.mean().reshape(1), values.std(unbiased: false).reshape(1), flat.narrow(0, 0, 6), flat.narrow(0, flat.numel() - 6, 6)]);
    }

    /// <summary>int64 [B, Gh, Gw].</summary>
    public Tensor TokenGrid()
    {
        using var image = Golden.Read("image");
        return _tokenizer.VqEncode(image).reshape(-1, GridHeight, GridWidth);
    }

    /// <summary>[B, e, Gh, Gw] of the golden tokens.</summary>
    public Tensor CodewordGrid() => _tokenizer.Quantizer.Lookup(Golden.Read("indices", int64), GridHeight, GridWidth);

    /// <summary>[B*Gh*Gw, e] of the golden tokens.</summary>
    public Tensor CodewordRows() => CodewordGrid().permute(0, 2, 3, 1).flatten(0, 2);

    /// <param name="tokens">The name of the golden tensor with the tokens.</param>
    public Tensor Decode(string tokens) => _tokenizer.VqDecode(Golden.Read(tokens, int64).reshape(-1, GridHeight * GridWidth), GridHeight, GridWidth);

    /// <summary>[B, H, W, 3] uint8.</summary>
    public Tensor DecodeToBytes(string tokens) => stack([.. Decode(tokens).unbind(0).Select(image =>
    {
        var bytes = Pixels.ToImage(image);
        return tensor(bytes.Pixels, [bytes.Height, bytes.Width, 3]);
    })]);

    /// <summary>Squared distances of the first positions to every codeword: [count, K].</summary>
    public Tensor Distances(long count) => Distances().narrow(0, 0, count);

    /// <summary>The entropy term without its weight: [1].</summary>
    public Tensor Entropy() => VectorQuantizer.Entropy(Distances()).reshape(1);

    public void Dispose()
    {
        Quantized.Latents.Dispose();
        Quantized.Tokens.Dispose();
        Reconstruction.Image.Dispose();
        _outputs.Dispose();
        _tokenizer.Dispose();
        Training.Dispose();
        Golden.Dispose();
    }

    private Tensor Distances()
    {
        var rows = Output("quant_conv").permute(0, 2, 3, 1).flatten(0, 2);
        return VectorQuantizer.Distances(_tokenizer.Quantizer.Normalize(rows), _tokenizer.Quantizer.Codewords());
    }
}
