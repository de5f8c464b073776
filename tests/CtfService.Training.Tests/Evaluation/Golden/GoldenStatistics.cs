using System.Text.Json;
using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Golden;

/// <summary>Inputs and results of <c>statistics.py</c>, computed with numpy and scipy.</summary>
internal sealed record GoldenStatistics(
    double[][] First,
    double[][] Second,
    double[][] Few,
    double[][] Fewer,
    double[] Weights,
    double[][] Probabilities,
    int ImageHeight,
    int ImageWidth,
    byte[] Image,
    byte[] Noisy,
    ExpectedStatistics Expected)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
    };

    public static GoldenStatistics Instance { get; } = JsonSerializer.Deserialize<GoldenStatistics>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Evaluation", "Golden", "statistics.json")), Options)!;

    public RgbImage CleanImage => new(ImageWidth, ImageHeight, Image);

    public RgbImage NoisyImage => new(ImageWidth, ImageHeight, Noisy);

    /// <summary>float64 [N, D].</summary>
    public static Tensor Rows(double[][] rows) => tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);
}

internal sealed record ExpectedStatistics(
    double[] Mean,
    double[][] Covariance,
    double[] WeightedMean,
    double[][] WeightedCovariance,
    double Frechet,
    double FrechetWeighted,
    double FrechetSingular,
    ExpectedScore InceptionScore,
    ExpectedPrecisionRecall PrecisionRecall,
    double Ssim,
    double Psnr);

internal sealed record ExpectedScore(int Split, double Mean, double Deviation, int Splits);

internal sealed record ExpectedPrecisionRecall(double Precision, double Recall);
