using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>One training forward and backward pass of our tokenizer on the image of a golden file.</summary>
public sealed class TokenizerTrainingRun : IDisposable
{
    private readonly VqTokenizer _tokenizer;
    private readonly Dictionary<string, Tensor> _losses;
    private readonly Dictionary<string, Tensor> _gradients;

    private TokenizerTrainingRun(string name)
    {
        using var golden = GoldenModels.Values(name);
        _tokenizer = GoldenModels.Tokenizer(name);
        using var scope = NewDisposeScope();
        using var enabled = enable_grad();
        _tokenizer.train();
        var image = golden.Read("image");

        var reconstruction = _tokenizer.call(image);
        var losses = reconstruction.Losses!;
        var squared = (reconstruction.Image - image).square().mean();
        var total = squared + losses.Codebook + losses.Commitment + losses.Entropy;
        total.backward();

        _losses = new()
        {
            ["mse"] = squared,
            ["vq_loss"] = losses.Codebook,
            ["commit_loss"] = losses.Commitment,
            ["entropy_loss"] = losses.Entropy,
            ["train_loss"] = total,
        };
        _gradients = _tokenizer.named_parameters().ToDictionary(parameter => parameter.name, parameter => parameter.parameter.grad!);
        foreach (var tensor in _losses.Values.Concat(_gradients.Values))
        {
            tensor.DetachFromDisposeScope();
        }
    }

    public static TokenizerTrainingRun Of(string name) => new(name);

    /// <summary>[1].</summary>
    public Tensor Loss(string name) => _losses[name].reshape(1);

    public Tensor Gradient(string parameter) => _gradients[parameter];

    /// <summary>[1].</summary>
    public Tensor GradientNorm(string parameter) => Gradient(parameter).norm().reshape(1);

    /// <summary>The newest entries of the history: [count].</summary>
    public Tensor HistoryTail(long count) => _tokenizer.Quantizer.History.narrow(0, _tokenizer.Quantizer.History.numel() - count, count);

    /// <summary>Share of the codewords that the history holds: float64 [1].</summary>
    public Tensor Usage() => (_tokenizer.Quantizer.History.unique().output.numel() / (double)_tokenizer.Config.CodebookSize * ones(1, float64));

    public void Dispose()
    {
        foreach (var tensor in _losses.Values.Concat(_gradients.Values))
        {
            tensor.Dispose();
        }

        _tokenizer.Dispose();
    }
}
