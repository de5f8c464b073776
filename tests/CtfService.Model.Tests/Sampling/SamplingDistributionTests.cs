using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Sampling;

/// <summary>
/// Draws follow softmax(logits / temperature). The draws are the same in every run; a right sampler is more than 4 standard deviations away in 1 of 16,000
/// choices of the seed, and a temperature that is wrong by 20 % is far beyond with a tenth of the draws.
/// </summary>
public sealed class SamplingDistributionTests
{
    private const int Draws = 200_000;
    private const int DeviceDraws = 8_192;
    private const double MaxDeviations = 4;

    public static TheoryData<string> Shapes => [.. LogitShapes.Names];

    public static TheoryData<string> ShapesOfATemperature => [.. LogitShapes.Names.Where(name => name != "flat")];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Host_ManyDraws_FollowTheProbabilities(string shape)
    {
        var (logits, settings) = LogitShapes.Of(shape);

        var deviations = ChiSquare.Deviations(LogitShapes.Probabilities(logits, settings), CountsOnHost(logits, settings, Draws));

        Assert.InRange(deviations, -MaxDeviations, MaxDeviations);
    }

    [Theory]
    [MemberData(nameof(ShapesOfATemperature))]
    public void Host_TemperatureWrongByAFifth_IsFound(string shape)
    {
        var (logits, settings) = LogitShapes.Of(shape);
        var right = settings with { TopP = 1 }; // the temperature would change what top-p leaves
        var wrong = right with { Temperature = 1.2f * right.Temperature };

        var deviations = ChiSquare.Deviations(LogitShapes.Probabilities(logits, right), CountsOnHost(logits, wrong, Draws / 10));

        Assert.True(deviations > 2 * MaxDeviations, $"{deviations:f1} standard deviations");
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Device_ManyDraws_FollowTheProbabilitiesAndEqualTheHost(string shape)
    {
        var (logits, settings) = LogitShapes.Of(shape);
        var draws = DeviceDraws / (logits.Length > 1000 ? 8 : 1);
        var counts = new int[logits.Length];
        using var rows = new RowSampling([.. Enumerable.Repeat(settings, 64)], logits.Length, CPU);
        for (var first = 0; first < draws; first += 64)
        {
            using var scope = NewDisposeScope();
            var noise = DeviceNoise.Gumbel(zeros(64, ScalarType.Int64), SamplingStage.Fine, arange(first, first + 64, ScalarType.Int64), 1, logits.Length);
            var labels = CategoricalSampler.SampleGumbelMax(tensor(logits).expand(64, -1), rows, noise.squeeze(1));
            labels.data<long>().ToList().ForEach(label => counts[label]++);
        }

        Assert.Equal(CountsOnHost(logits, settings, draws), counts);
        Assert.InRange(ChiSquare.Deviations(LogitShapes.Probabilities(logits, settings), counts), -MaxDeviations, MaxDeviations);
    }

    private static int[] CountsOnHost(float[] logits, SamplingSettings settings, int draws)
    {
        var (sampler, row, counts) = (new HostSampler(logits.Length), new float[logits.Length], new int[logits.Length]);
        for (var position = 0; position < draws; position++)
        {
            logits.CopyTo(row, 0);
            counts[sampler.Sample(row, settings, new LabelDraw(SamplingMethod.GumbelMax, 0, SamplingStage.Fine, position))]++;
        }

        return counts;
    }
}
