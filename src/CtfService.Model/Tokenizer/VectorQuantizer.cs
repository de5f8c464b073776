using CtfService.Model.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>
/// Replaces each latent by its nearest codeword. With <see cref="TokenizerConfig.NormalizeCodewords"/>, latents and codewords are scaled to unit length at
/// every use, because training does not keep the stored rows at unit length.
/// </summary>
public sealed class VectorQuantizer : nn.Module<Tensor, Quantized>
{
    /// <summary>The number of tokens that are kept for the usage statistic.</summary>
    private const int HistoryLength = 65536;
    private const double NormFloor = 1e-12;
    private const double EntropyTemperature = 0.01;

    private readonly TokenizerConfig _config;

    [ComponentName(Name = "embedding")]
    private readonly EmbeddingTable _codebook;

    internal VectorQuantizer(TokenizerConfig config)
        : base(nameof(VectorQuantizer))
    {
        _config = config;

        // Van den Oord's uniform start, as in the reference: U(-1/K, 1/K), then unit length if codewords are normalised.
        _codebook = new EmbeddingTable(ParameterScope.Uniform(1.0 / config.CodebookSize, config.CodebookSize, config.CodewordWidth));
        RegisterComponents();
        using (no_grad())
        using (NewDisposeScope())
        {
            _codebook.Weight.copy_(Normalize(_codebook.Weight));
        }

        if (config.TracksUsage)
        {
            register_buffer("codebook_used", zeros(HistoryLength, float32, ParameterScope.Device));
        }
    }

    /// <summary>Returns the K codewords as they are used: [K, e], rows of unit length with normalisation.</summary>
    public Tensor Codewords() => Normalize(_codebook.Weight);

    /// <summary>The stored rows, for optimisers and for replacing unused codewords: [K, e].</summary>
    public Tensor StoredCodewords => _codebook.Weight;

    /// <summary>The last 65,536 tokens of training, as floats.</summary>
    public Tensor History => get_buffer("codebook_used")
        ?? throw new InvalidOperationException("This tokenizer does not track usage; set TracksUsage in its configuration.");

    /// <summary>Quantises latents [B, e, h, w] to straight-through latents and tokens; in training mode with the losses.</summary>
    public override Quantized forward(Tensor latent)
    {
        using var scope = NewDisposeScope();
        var rows = Normalize(latent.permute(0, 2, 3, 1).reshape(-1, _config.CodewordWidth)); // [B*h*w, e]
        var codewords = Codewords();
        var distances = Distances(rows, codewords);             // [B*h*w, K]
        var tokens = distances.argmin(1);                       // [B*h*w]
        var nearest = EmbeddingTable.Rows(codewords, tokens); // [B*h*w, e]
        var straightThrough = rows + (nearest - rows).detach();
        var losses = training ? Losses(rows, nearest, distances) : null;
        if (training)
        {
            RecordUsage(tokens);
        }

        var grid = straightThrough.reshape(latent.shape[0], latent.shape[2], latent.shape[3], -1).permute(0, 3, 1, 2).contiguous();
        losses?.MoveToOuterDisposeScope();
        return new Quantized(grid.MoveToOuterDisposeScope(), tokens.MoveToOuterDisposeScope(), losses);
    }

    /// <summary>Returns the squared distances |z|^2 + |c|^2 - 2 z.c: [N, K] for rows [N, e]; rows and codewords as they are used.</summary>
    internal static Tensor Distances(Tensor rows, Tensor codewords)
    {
        using var scope = NewDisposeScope();
        return rows.square().sum(1, keepdim: true)
            .add(codewords.square().sum(1))
            .add(matmul(rows, codewords.t()), alpha: -2)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Maps tokens int64 [B, h*w] (or flat) to codewords [B, e, h, w].</summary>
    public Tensor Lookup(Tensor tokens, long gridHeight, long gridWidth)
    {
        using var scope = NewDisposeScope();
        return EmbeddingTable.Rows(Codewords(), tokens.reshape(-1, gridHeight, gridWidth))
            .permute(0, 3, 1, 2).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Scales latents or codewords [.., e] to unit length; without normalisation, returns them unchanged.</summary>
    public Tensor Normalize(Tensor rows) =>
        _config.NormalizeCodewords ? nn.functional.normalize(rows, p: 2, dim: -1, eps: NormFloor) : rows.alias();

    private QuantizerLosses Losses(Tensor rows, Tensor nearest, Tensor distances)
    {
        var codebook = (nearest - rows.detach()).square().mean();
        var commitment = (nearest.detach() - rows).square().mean() * _config.CommitmentWeight;
        var entropy = _config.EntropyWeight == 0 ? zeros([], device: rows.device) : Entropy(distances) * _config.EntropyWeight;
        return new QuantizerLosses(codebook, commitment, entropy);
    }

    /// <summary>The mean entropy of each row's assignment minus the entropy of the mean assignment, over softmax(-distance / 0.01).</summary>
    internal static Tensor Entropy(Tensor distances)
    {
        using var scope = NewDisposeScope();
        var scores = distances / -EntropyTemperature;
        var assignment = nn.functional.softmax(scores, dim: -1);
        var mean = assignment.mean([0]);
        var ofMean = (mean * (mean + 1e-5).log()).sum().neg();
        var perRow = (assignment * nn.functional.log_softmax(scores, dim: -1)).sum(-1).mean().neg();
        return (perRow - ofMean).MoveToOuterDisposeScope();
    }

    private void RecordUsage(Tensor tokens)
    {
        if (!_config.TracksUsage)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var history = get_buffer("codebook_used")!;
        var kept = Math.Max(0, HistoryLength - tokens.numel());
        var added = tokens.narrow(0, Math.Max(0, tokens.numel() - HistoryLength), HistoryLength - kept).to(float32);
        history.copy_(cat([history.narrow(0, HistoryLength - kept, kept), added]));
    }
}

/// <summary>The result of the quantiser. The receiver owns the tensors.</summary>
/// <param name="Latents">z + stop_gradient(zq - z): [B, e, h, w].</param>
/// <param name="Tokens">Flat token ids, batch-major then raster order: int64 [B*h*w].</param>
/// <param name="Losses">Null unless in training mode.</param>
public sealed record Quantized(Tensor Latents, Tensor Tokens, QuantizerLosses? Losses);

/// <summary>The scalar losses of the quantiser, each with its weight applied.</summary>
public sealed record QuantizerLosses(Tensor Codebook, Tensor Commitment, Tensor Entropy)
{
    internal void MoveToOuterDisposeScope()
    {
        Codebook.MoveToOuterDisposeScope();
        Commitment.MoveToOuterDisposeScope();
        Entropy.MoveToOuterDisposeScope();
    }
}
