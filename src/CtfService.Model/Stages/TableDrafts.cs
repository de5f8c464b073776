using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Sampling;

namespace CtfService.Model.Stages;

/// <summary>
/// Drafts the label that the frequencies of the usual labels would give with the random number of the cell itself: a label drawn with the same number mostly
/// survives small differences between probabilities.
/// </summary>
/// <param name="usual">The usual labels of the model.</param>
/// <param name="others">Drafts the labels of classes that have no usual labels; null to draft 0.</param>
internal sealed class TableDrafts(UsualLabels usual, ILabelDrafts? others = null) : ILabelDrafts
{
    /// <inheritdoc/>
    public int Draft(RunningImage image, int cell)
    {
        var classId = image.Specification.ClassId;
        if (!usual.Covers(classId))
        {
            return others?.Draft(image, cell) ?? 0;
        }

        var (settings, draw) = (image.Specification.Coarse, image.DrawOf(cell));
        var logFrequencies = usual.LogFrequenciesOf(classId, cell);
        var place = settings.Temperature <= RowSampling.MinTemperature || settings.TopK == 1 ? Best(logFrequencies)
            : draw.Method == SamplingMethod.GumbelMax ? GumbelMax(usual.LabelsOf(classId, cell), logFrequencies, settings.Temperature, draw)
            : InverseCdf(logFrequencies, settings.Temperature, draw);
        return usual.LabelsOf(classId, cell)[place];
    }

    /// <inheritdoc/>
    public void Observe(RunningImage image, int cell, ReadOnlySpan<float> logits)
    {
        if (!usual.Covers(image.Specification.ClassId))
        {
            others?.Observe(image, cell, logits);
        }
    }

    private static int Best(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            best = scores[i] > scores[best] ? i : best;
        }

        return best;
    }

    private static int GumbelMax(ReadOnlySpan<int> labels, ReadOnlySpan<float> logFrequencies, float temperature, LabelDraw draw)
    {
        var (best, highest) = (0, float.NegativeInfinity);
        for (var i = 0; i < labels.Length; i++)
        {
            var score = (logFrequencies[i] / temperature) + GumbelNoise.OfLabel(draw, labels[i]);
            (best, highest) = score > highest ? (i, score) : (best, highest);
        }

        return best;
    }

    /// <summary>Returns the first label whose cumulative weight exceeds the number of the cell: labels ascend, as those of the sampler do.</summary>
    private static int InverseCdf(ReadOnlySpan<float> logFrequencies, float temperature, LabelDraw draw)
    {
        var left = 0f;
        foreach (var logFrequency in logFrequencies)
        {
            left += MathF.Exp(logFrequency / temperature);
        }

        left *= CounterRandom.Uniform(draw.Seed, draw.Stage, draw.Position);
        for (var i = 0; i < logFrequencies.Length - 1; i++)
        {
            left -= MathF.Exp(logFrequencies[i] / temperature);
            if (left < 0)
            {
                return i;
            }
        }

        return logFrequencies.Length - 1;
    }
}
