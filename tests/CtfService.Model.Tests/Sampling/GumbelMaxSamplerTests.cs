using CtfService.Core.Generation;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Sampling;
using CtfService.Model.Sampling.Vectors;

namespace CtfService.Model.Tests.Sampling;

/// <summary>The search on every vector width, against all scores computed one by one.</summary>
public sealed class GumbelMaxSamplerTests
{
    public static TheoryData<VectorWidth> Widths => [.. Enum.GetValues<VectorWidth>().Where(VectorWidths.IsSupported)];

    [Theory]
    [MemberData(nameof(Widths))]
    public void Sample_RandomLogits_DrawsTheLabelOfTheLargestScore(VectorWidth width)
    {
        var random = new Random(17);
        for (var round = 0; round < 3000; round++)
        {
            var vocabulary = round % 100 == 0 ? 16_384 : random.Next(1, 700);
            var (spread, removed) = (random.Next(4) * 5 * random.NextSingle(), random.NextDouble() * random.Next(2));
            var settings = new SamplingSettings(Temperature: random.Next(2) == 0 ? 1 : 0.1f + (3 * random.NextSingle()));
            var draw = new LabelDraw(SamplingMethod.GumbelMax, (ulong)random.NextInt64(), (SamplingStage)random.Next(2), random.Next(70_000));
            float[] logits =
                [.. Enumerable.Range(0, vocabulary).Select(_ => random.NextDouble() < removed ? float.NegativeInfinity : spread * random.NextSingle())];

            Assert.Equal(Expected(logits, settings, draw), new GumbelMaxSampler(vocabulary, width).Sample(logits, settings, draw));
        }
    }

    /// <summary>Large logits leave only some bits for the noise, so that many scores are equal.</summary>
    [Theory]
    [MemberData(nameof(Widths))]
    public void Sample_EqualScores_DrawsTheLowestLabel(VectorWidth width)
    {
        var ties = 0;
        for (var position = 0; position < 500; position++)
        {
            var draw = new LabelDraw(SamplingMethod.GumbelMax, 3, SamplingStage.Coarse, position);
            float[] logits = [.. Enumerable.Repeat(3e7f, 200)]; // neighbours are 2 apart
            logits[150 + (position % 50)] += 2;
            var scores = Scores(logits, new SamplingSettings(), draw);
            ties += scores.Count(score => score == scores.Max()) > 1 ? 1 : 0;

            Assert.Equal(Array.IndexOf(scores, scores.Max()), new GumbelMaxSampler(200, width).Sample(logits, new SamplingSettings(), draw));
        }

        Assert.True(ties > 200, $"{ties} draws had several largest scores");
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Sample_NoFiniteLogit_ReturnsALabelOfTheRow(VectorWidth width)
    {
        var draw = new LabelDraw(SamplingMethod.GumbelMax, 3, SamplingStage.Fine, 0);
        var sampler = new GumbelMaxSampler(64, width);

        Assert.Equal(0, sampler.Sample([.. Enumerable.Repeat(float.NegativeInfinity, 40)], new SamplingSettings(), draw));
        Assert.InRange(sampler.Sample([1, float.NaN, 2], new SamplingSettings(), draw), 0, 2);
    }

    /// <summary>A row may be followed by a shorter one, whose padding must not hold values of the longer.</summary>
    [Theory]
    [MemberData(nameof(Widths))]
    public void Sample_ShorterRowAfterALongOne_NeverReturnsALabelBeyondIt(VectorWidth width)
    {
        var sampler = new GumbelMaxSampler(64, width);
        for (var position = 0; position < 200; position++)
        {
            var draw = new LabelDraw(SamplingMethod.GumbelMax, 3, SamplingStage.Fine, position);
            sampler.Sample([.. Enumerable.Repeat(50f, 64)], new SamplingSettings(), draw);

            Assert.InRange(sampler.Sample(new float[3], new SamplingSettings(), draw), 0, 2);
        }
    }

    [Fact]
    public void NoiseBound_AnyWord_IsAtLeastItsNoise()
    {
        foreach (var word in GumbelNoiseTests.Words)
        {
            var noise = GumbelNoise.OfWord(word);
            Assert.InRange(noise, float.NegativeInfinity, NoiseBound.Of(word));
            Assert.InRange(noise, float.NegativeInfinity, NoiseBound.Largest);
        }
    }

    /// <summary>The vectors compute the bound in other operations, so the bits that they set are compared with the scalar form.</summary>
    [Theory]
    [MemberData(nameof(Widths))]
    public void SumsAtLeast_AnyWord_MissesNoLabel(VectorWidth width)
    {
        foreach (var words in GumbelNoiseTests.Words.Chunk(GumbelSearch.Padding).Where(chunk => chunk.Length == GumbelSearch.Padding))
        {
            Assert.Equal(uint.MaxValue, WordVectors.SumsAtLeast(width, words, word => -GumbelNoise.OfWord(word), limit: 0));
        }
    }

    private static float[] Scores(ReadOnlySpan<float> logits, SamplingSettings settings, LabelDraw draw)
    {
        var scores = new float[logits.Length];
        GumbelNoise.Fill(draw, scores);
        for (var label = 0; label < scores.Length; label++)
        {
            scores[label] += logits[label] / settings.Temperature;
        }

        return scores;
    }

    private static int Expected(ReadOnlySpan<float> logits, SamplingSettings settings, LabelDraw draw)
    {
        var scores = Scores(logits, settings, draw);
        return Array.IndexOf(scores, scores.Max());
    }
}
