using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Tests.Evaluation.Golden;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class InceptionScoreTests
{
    [Fact]
    public void Score_CertainAndBalancedPredictions_IsTheNumberOfClasses()
    {
        using var probabilities = eye(5, dtype: float64).repeat(4, 1);

        Assert.Equal(5, Score(probabilities).Mean, 1e-12);
    }

    [Fact]
    public void Score_SameProbabilitiesForEveryImage_IsOne()
    {
        using var probabilities = tensor(new[] { 0.2, 0.5, 0.3 }).repeat(4, 1);

        Assert.Equal(1, Score(probabilities).Mean, 1e-12);
    }

    [Fact]
    public void Score_TwoClassesAtNineToOne_IsTheClosedForm()
    {
        // The mean of (0.9, 0.1) and (0.1, 0.9) is (0.5, 0.5), so the score is exp(log 2 - H(0.9)).
        using var probabilities = tensor(new[,] { { 0.9, 0.1 }, { 0.1, 0.9 } });

        Assert.Equal(Math.Exp(Math.Log(2) + (0.9 * Math.Log(0.9)) + (0.1 * Math.Log(0.1))), Score(probabilities).Mean, 1e-12);
    }

    [Theory]
    [InlineData(23)]
    [InlineData(4)]
    public void Score_GoldenProbabilitiesInAnyBatches_IsNumpys(int batch)
    {
        var golden = GoldenStatistics.Instance;
        var accumulator = new InceptionScoreAccumulator(golden.Probabilities.Length, golden.Expected.InceptionScore.Split);
        foreach (var rows in Enumerable.Range(0, golden.Probabilities.Length).Chunk(batch))
        {
            using var part = GoldenStatistics.Rows([.. rows.Select(row => golden.Probabilities[row])]);
            accumulator.Add(part, rounds: rows);
        }

        var score = accumulator.ToScore();

        Assert.Equal(golden.Expected.InceptionScore.Mean, score.Mean, 1e-12);
        Assert.Equal(golden.Expected.InceptionScore.Deviation, score.Deviation, 1e-12);
        Assert.Equal(golden.Expected.InceptionScore.Splits, score.Splits);
    }

    [Theory]
    [InlineData(true)] // 0 1 2 3 0 1 2 3 ..
    [InlineData(false)] // 0 0 0 .. 1 1 1 ..
    public void Score_AnyOrderOfClasses_EverySplitHasAll(bool inTurn)
    {
        const int Classes = 4;
        const int Rounds = 10;
        var accumulator = new InceptionScoreAccumulator(Classes * Rounds, splitSize: 20);
        using var sure = eye(Classes, dtype: float64);
        foreach (var image in Enumerable.Range(0, Classes * Rounds))
        {
            var (classId, round) = inTurn ? (image % Classes, image / Classes) : (image / Rounds, image % Rounds);
            using var row = sure.narrow(0, classId, 1);
            accumulator.Add(row, [round]);
        }

        var score = accumulator.ToScore();

        Assert.Equal(Classes, score.Mean, 1e-12);
        Assert.Equal(2, score.Splits);
    }

    [Fact]
    public void Score_Weights_ActLikeRepeatedImages()
    {
        using var probabilities = tensor(new[,] { { 0.9, 0.1 }, { 0.2, 0.8 } });
        using var repeated = tensor(new[,] { { 0.9, 0.1 }, { 0.9, 0.1 }, { 0.9, 0.1 }, { 0.2, 0.8 } });

        Assert.Equal(Score(repeated).Mean, Score(probabilities, [3, 1]).Mean, 1e-12);
    }

    [Fact]
    public void Score_NoImages_Throws()
    {
        Assert.Throws<UndefinedFigureException>(new InceptionScoreAccumulator(images: 0).ToScore);
    }

    private static InceptionScore Score(Tensor probabilities, double[]? weights = null)
    {
        var accumulator = new InceptionScoreAccumulator((int)probabilities.shape[0]);
        accumulator.Add(probabilities, [.. Enumerable.Range(0, (int)probabilities.shape[0])], weights);
        return accumulator.ToScore();
    }
}
