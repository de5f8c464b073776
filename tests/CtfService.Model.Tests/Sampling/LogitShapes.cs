using CtfService.Core.Generation;

namespace CtfService.Model.Tests.Sampling;

/// <summary>Logits of five kinds, and the probabilities that they mean, computed in double precision.</summary>
internal static class LogitShapes
{
    public static string[] Names { get; } = ["flat", "peaked", "two equal peaks", "long tail", "filtered"];

    public static (float[] Logits, SamplingSettings Settings) Of(string name)
    {
        var random = new Random(29);
        return name switch
        {
            "flat" => (new float[512], new SamplingSettings()),
            "peaked" => ([.. Enumerable.Range(0, 512).Select(label => label == 300 ? 9 : 2 * random.NextSingle())], new SamplingSettings(1.25f)),
            "two equal peaks" => ([.. Enumerable.Range(0, 37).Select(label => label is 5 or 36 ? 7 : random.NextSingle())], new SamplingSettings()),
            "long tail" => ([.. Enumerable.Range(0, 16_384).Select(label => -1.1f * MathF.Log(label + 1))], new SamplingSettings(0.9f)),
            "filtered" => ([.. Enumerable.Range(0, 512).Select(_ => 12 * MathF.Pow(random.NextSingle(), 4))], new SamplingSettings(0.8f, TopK: 60, TopP: 0.9f)),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
        };
    }

    /// <summary>Returns softmax(logits / temperature) of the labels that top-k and top-p leave.</summary>
    public static double[] Probabilities(float[] logits, SamplingSettings settings)
    {
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(label => logits[label])];
        int[] kept = settings.TopK > 0 ? order[..settings.TopK] : order;
        double[] weights = [.. kept.Select(label => Math.Exp((logits[label] - logits.Max()) / settings.Temperature))];
        var (total, before) = (weights.Sum(), 0.0);
        for (var rank = 0; rank < weights.Length; rank++)
        {
            var weight = weights[rank];
            weights[rank] = settings.TopP < 1 && before > settings.TopP * total ? 0 : weight;
            before += weight;
        }

        var probabilities = new double[logits.Length];
        for (var rank = 0; rank < kept.Length; rank++)
        {
            probabilities[kept[rank]] = weights[rank] / weights.Sum();
        }

        return probabilities;
    }
}
