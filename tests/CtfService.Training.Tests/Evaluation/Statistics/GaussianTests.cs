using CtfService.Model.TestSupport;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Tests.Evaluation.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class GaussianTests : IDisposable
{
    private static readonly GoldenStatistics Golden = GoldenStatistics.Instance;

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData(40)]
    [InlineData(7)]
    [InlineData(1)]
    public void Accumulator_AnyBatches_GivesNumpysMeanAndCovariance(int batch)
    {
        using var gaussian = Of(Golden.First, batch: batch);

        TensorAssert.CloseAbsolute(tensor(Golden.Expected.Mean), gaussian.Mean, 1e-12, "mean");
        TensorAssert.CloseAbsolute(GoldenStatistics.Rows(Golden.Expected.Covariance), gaussian.Covariance, 1e-12, "covariance");
    }

    [Theory]
    [InlineData(40)]
    [InlineData(7)]
    public void Accumulator_Weights_GivesNumpysWeightedMeanAndCovariance(int batch)
    {
        using var gaussian = Of(Golden.First, Golden.Weights, batch);

        TensorAssert.CloseAbsolute(tensor(Golden.Expected.WeightedMean), gaussian.Mean, 1e-12, "mean");
        TensorAssert.CloseAbsolute(GoldenStatistics.Rows(Golden.Expected.WeightedCovariance), gaussian.Covariance, 1e-12, "covariance");
    }

    [Fact]
    public void Accumulator_LargeMean_KeepsTheCovariance()
    {
        using var moved = new GaussianAccumulator(6);
        moved.Add(GoldenStatistics.Rows(Golden.First) + 1e7);
        using var gaussian = moved.ToGaussian();

        TensorAssert.CloseAbsolute(GoldenStatistics.Rows(Golden.Expected.Covariance), gaussian.Covariance, 1e-6, "covariance");
    }

    [Fact]
    public void Accumulator_OneRow_HasNoCovariance()
    {
        using var accumulator = new GaussianAccumulator(2);
        accumulator.Add(zeros(1, 2));

        Assert.Throws<UndefinedFigureException>(accumulator.ToGaussian);
    }

    [Fact]
    public void FrechetDistance_KnownGaussians_IsTheClosedForm()
    {
        // Diagonal covariances commute, so the distance is |m1 - m2|^2 + sum (s1 - s2)^2.
        using var first = Diagonal([1, 2, 3], [1, 4, 0]);
        using var second = Diagonal([0, 2, 5], [9, 0.25, 2]);
        var expected = (1 + 0 + 4) + (Math.Pow(1 - 3, 2) + Math.Pow(2 - 0.5, 2) + 2);

        Assert.Equal(expected, first.FrechetDistance(second), 1e-12);
        Assert.Equal(expected, second.FrechetDistance(first), 1e-12);
    }

    [Fact]
    public void FrechetDistance_BothRotated_IsUnchanged()
    {
        using var first = Of(Golden.First);
        using var second = Of(Golden.Second);
        var (rotation, _) = linalg.qr(GoldenStatistics.Rows(Golden.First).narrow(0, 0, 6));
        using var firstRotated = Rotated(first, rotation);
        using var secondRotated = Rotated(second, rotation);

        Assert.Equal(first.FrechetDistance(second), firstRotated.FrechetDistance(secondRotated), 1e-10);
    }

    [Fact]
    public void FrechetDistance_GoldenSets_IsScipys()
    {
        using var first = Of(Golden.First);
        using var weighted = Of(Golden.First, Golden.Weights);
        using var second = Of(Golden.Second);

        Assert.Equal(Golden.Expected.Frechet, first.FrechetDistance(second), 1e-9);
        Assert.Equal(Golden.Expected.FrechetWeighted, weighted.FrechetDistance(second), 1e-9);
    }

    [Fact]
    public void FrechetDistance_SingularCovariances_IsScipysToItsRounding()
    {
        using var few = Of(Golden.Few);
        using var fewer = Of(Golden.Fewer);

        Assert.Equal(Golden.Expected.FrechetSingular, few.FrechetDistance(fewer), 1e-5); // scipy's square root of a singular matrix has half the digits
    }

    [Fact]
    public void FrechetDistance_Itself_IsZero()
    {
        using var gaussian = Of(Golden.First);

        Assert.Equal(0, gaussian.FrechetDistance(gaussian), 1e-9);
    }

    [Fact]
    public void FrechetDistance_OtherWidth_Throws()
    {
        using var first = Diagonal([1], [1]);
        using var second = Diagonal([1, 2], [1, 1]);

        Assert.Throws<ArgumentException>(() => first.FrechetDistance(second));
    }

    private static Gaussian Of(double[][] rows, double[]? weights = null, int batch = 16)
    {
        using var accumulator = new GaussianAccumulator(rows[0].Length);
        for (var start = 0; start < rows.Length; start += batch)
        {
            using var part = GoldenStatistics.Rows(rows[start..Math.Min(start + batch, rows.Length)]);
            accumulator.Add(part, weights?[start..Math.Min(start + batch, rows.Length)]);
        }

        return accumulator.ToGaussian();
    }

    private static Gaussian Diagonal(double[] mean, double[] variances) => new(tensor(mean), diag(tensor(variances)), count: 100);

    private static Gaussian Rotated(Gaussian gaussian, Tensor rotation) =>
        new(rotation.matmul(gaussian.Mean), rotation.matmul(gaussian.Covariance).matmul(rotation.t()), gaussian.Count);
}
