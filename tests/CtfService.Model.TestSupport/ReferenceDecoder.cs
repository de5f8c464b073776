using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.TestSupport;

/// <summary>
/// Both stages as the paper describes them, for tests to compare with: one image, one full pass for each label, no cache, and sampling in double precision.
/// Shares only the modules and the random numbers with the stages that serve.
/// </summary>
public static class ReferenceDecoder
{
    /// <summary>Draws the coarse labels [T] of one image.</summary>
    public static int[] DrawLayout(ClassConditionalTransformer transformer, ImageSpecification image)
    {
        var (settings, labels) = (image.Coarse, new List<int>());
        for (var position = 0; position < transformer.Config.Positions; position++)
        {
            var logits = Scores(transformer, image.ClassId, labels)[position];
            if (settings.IsGuided && position <= settings.LastGuidedPosition)
            {
                logits = Guide(logits, Scores(transformer, transformer.Config.NullClass, labels)[position], settings.GuidanceScale);
            }

            labels.Add(Choose(logits, settings, new LabelDraw(image.Method, image.Seed, SamplingStage.Coarse, position)));
        }

        return [.. labels];
    }

    /// <summary>Draws the tokens [T] of one image, each among the members of its coarse label's cluster.</summary>
    public static int[] DrawTokens(ClassConditionalTransformer transformer, ClusterMap map, ImageSpecification image, IReadOnlyList<int> layout)
    {
        var (settings, tokens) = (image.Fine, new int[layout.Count]);
        var conditional = Scores(transformer, image.ClassId, layout);
        var unconditional = Scores(transformer, transformer.Config.NullClass, layout);
        for (var position = 0; position < tokens.Length; position++)
        {
            var members = map.Members[layout[position]];
            var logits = LogitsOf(members, conditional[position + 1]); // element 0 is the class
            if (settings.IsGuided)
            {
                logits = Guide(logits, LogitsOf(members, unconditional[position + 1]), settings.GuidanceScale);
            }

            tokens[position] = members[Choose(logits, settings, new LabelDraw(image.Method, image.Seed, SamplingStage.Fine, position))];
        }

        return tokens;
    }

    /// <summary>Logits [1 + S][V] of a pass over the class and S labels.</summary>
    private static double[][] Scores(ClassConditionalTransformer transformer, int classId, IReadOnlyList<int> labels)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var logits = transformer.call(tensor(new long[] { classId }), tensor(labels.Select(label => (long)label).ToArray(), [1, labels.Count]));
        return [.. logits.to(float64).data<double>().Chunk(transformer.Config.OutputVocabulary)];
    }

    private static double[] LogitsOf(IEnumerable<int> members, double[] logits) => [.. members.Select(member => logits[member])];

    private static double[] Guide(double[] conditional, double[] unconditional, double scale) =>
        [.. conditional.Zip(unconditional, (with, without) => without + ((with - without) * scale))];

    /// <summary>Temperature, top-k, top-p, then a draw.</summary>
    private static int Choose(double[] logits, SamplingSettings settings, LabelDraw draw)
    {
        int[] descending = [.. Enumerable.Range(0, logits.Length).OrderByDescending(entry => logits[entry])]; // stable: the first of equals leads
        if (settings.Temperature <= RowSampling.MinTemperature)
        {
            return descending[0];
        }

        var least = settings.TopK > 0 && settings.TopK < logits.Length ? logits[descending[settings.TopK - 1]] : double.NegativeInfinity;
        double[] weights = [.. logits.Select(logit => logit < least ? 0 : Math.Exp((logit - logits.Max()) / settings.Temperature))];
        var (total, before) = (weights.Sum(), 0.0);
        foreach (var entry in descending)
        {
            var weight = weights[entry];
            weights[entry] = settings.TopP < 1 && before > settings.TopP * total ? 0 : weight;
            before += weight;
        }

        return draw.Method == SamplingMethod.GumbelMax
            ? MaximumOf(weights, draw)
            : Invert(weights, CounterRandom.Uniform(draw.Seed, draw.Stage, draw.Position));
    }

    /// <summary>Returns the entry whose logarithm plus noise is the largest.</summary>
    private static int MaximumOf(double[] weights, LabelDraw draw)
    {
        var noise = new float[weights.Length];
        GumbelNoise.Fill(draw, noise);
        return Enumerable.Range(0, weights.Length).MaxBy(entry => Math.Log(weights[entry]) + noise[entry]);
    }

    /// <summary>Returns the first entry whose cumulative weight exceeds the uniform number.</summary>
    private static int Invert(double[] weights, double uniform)
    {
        var (threshold, sum) = (uniform * weights.Sum(), 0.0);
        return Enumerable.Range(0, weights.Length).First(entry => (sum += weights[entry]) > threshold);
    }
}
