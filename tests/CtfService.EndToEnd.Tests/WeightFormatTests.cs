using System.Numerics.Tensors;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Engines;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests;

/// <summary>Effect of reduced precision on the shipped model: the logits and the chosen label at each position of each class's greedy sequence.</summary>
public sealed class WeightFormatTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(WeightFormat.BFloat16, 0.99, 0.005)]
    [InlineData(WeightFormat.Int8, 0.98, 0.01)]
    public void DecodeStep_FewerBits_AgreesWithFloat32(WeightFormat format, double leastAgreement, double largestError)
    {
        var bundle = BundleReader.Open(Path.Combine(AppContext.BaseDirectory, "models", "fruits-64"));
        using var pool = new ComputeThreadPool();
        using var exact = Engine(bundle, pool, WeightFormat.Float32);
        using var shorter = Engine(bundle, pool, format);
        var (rows, vocabulary) = (exact.Capacity, exact.Config.OutputVocabulary);
        var inputs = Enumerable.Range(0, rows).ToArray(); // class ids, then the labels that float32 samples
        var (agreed, squaredErrors, squares) = (0, 0.0, 0.0);
        float[] expected = new float[rows * vocabulary], actual = new float[rows * vocabulary];

        for (var position = 0; position < exact.Config.Positions; position++)
        {
            var step = inputs.Select((input, row) => new DecodeRow(row, position, input)).ToArray();
            exact.DecodeStep(step, expected);
            shorter.DecodeStep(step, actual);
            squaredErrors += Math.Pow(TensorPrimitives.Distance<float>(expected, actual), 2);
            squares += TensorPrimitives.SumOfSquares<float>(expected);
            for (var row = 0; row < rows; row++)
            {
                inputs[row] = Greedy(expected, row, vocabulary);
                agreed += inputs[row] == Greedy(actual, row, vocabulary) ? 1 : 0;
            }
        }

        var agreement = (double)agreed / (rows * exact.Config.Positions);
        var error = Math.Sqrt(squaredErrors / squares);
        output.WriteLine($"{format}: greedy agreement {agreement:P2}, error of the logits {error:P2} (root mean square)");
        Assert.True(agreement >= leastAgreement, $"{format} chooses the same label at {agreement:P2} of all positions, expected {leastAgreement:P0}.");
        Assert.True(error <= largestError, $"The logits of {format} are off by {error:P2} (root mean square), expected at most {largestError:P0}.");
    }

    private static SimdDecodeEngine Engine(Bundle bundle, ComputeThreadPool pool, WeightFormat format)
    {
        using var weights = SafetensorsFile.Open(bundle.CoarsePath);
        var config = bundle.Manifest.Coarse;
        return new SimdDecodeEngine(config, WeightSource.Of(weights), pool, new CpuEngineOptions(config.ClassCount, format));
    }

    private static int Greedy(float[] logits, int row, int vocabulary) => TensorPrimitives.IndexOfMax<float>(logits.AsSpan(row * vocabulary, vocabulary));
}
