using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Tests.Evaluation.Golden;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class InceptionScoreTests
{
    [Fact]
    public void Score_SureOfEveryClassEquallyOften_IsTheNumberOfClasses()
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
        // Mean over images of (0.9, 0.1) and (0.1, 0.9) is one half each: exp(log 2 - H(0.9)).
        using var probabilities = tensor(new[,] { { 0.9, 0.1 }, { 0.1, 0.9 } });

        Assert.Equal(Math.Exp(Math.Log(2) + (0.9 * Math.Log(0.9)) + (0.1 * Math.Log(0.1))), Score(probabilities).Mean, 1e-12);
    }

    [Theory]
    [InlineData(23)]
    [InlineData(4)]
    public void Score_GoldenProbabilities_IsNumpysWhateverTheBatches(int batch)
    {
        var golden = GoldenStatistics.Instance;
        var accumulator = new InceptionScoreAccumulator(golden.Probabilities.Length, golden.Expected.InceptionScore.Split);
        foreach (var rows in golden.Probabilities.Chunk(batch))
        {
            using var part = GoldenStatistics.Rows(rows);
            accumulator.Add(part);
        }

        var score = accumulator.ToScore();

        Assert.Equal(golden.Expected.InceptionScore.Mean, score.Mean, 1e-12);
        Assert.Equal(golden.Expected.InceptionScore.Deviation, score.Deviation, 1e-12);
        Assert.Equal(golden.Expected.InceptionScore.Splits, score.Splits);
    }

    [Fact]
    public void Score_ClassesInOneOrder_EverySplitHasAll()
    {
        // Ten images of each of four classes, two splits: in halves of the order each split would hold two classes.
        using var probabilities = eye(4, dtype: float64).repeat(10, 1);
        var accumulator = new InceptionScoreAccumulator(40, splitSize: 20);
        foreach (var image in Enumerable.Range(0, 4).SelectMany(classId => Enumerable.Repeat(classId, 10)))
        {
            using var row = probabilities.narrow(0, image, 1);
            accumulator.Add(row);
        }

        var score = accumulator.ToScore();

        Assert.Equal(4, score.Mean, 1e-12);
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
        Assert.Throws<InvalidOperationException>(new InceptionScoreAccumulator(images: 0).ToScore);
    }

    private static InceptionScore Score(Tensor probabilities, double[]? weights = null)
    {
        var accumulator = new InceptionScoreAccumulator((int)probabilities.shape[0]);
        accumulator.Add(probabilities, weights);
        return accumulator.ToScore();
    }
}
