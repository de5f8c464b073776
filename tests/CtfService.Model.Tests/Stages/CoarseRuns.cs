using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Transformer;
using TorchSharp;

namespace CtfService.Model.Tests.Stages;

/// <summary>A small coarse model, images of it, and ways to run a stage.</summary>
internal static class CoarseRuns
{
    public static TransformerConfig Config { get; } = EngineModels.Config() with { OutputVocabulary = EngineModels.Config().InputVocabulary };

    /// <summary>Every label is its own token.</summary>
    private static Lazy<ClusterMap> Labels { get; } = new(() =>
    {
        using var codebook = torch.zeros(Config.InputVocabulary, 1);
        return ClusterMap.Identity(codebook);
    });

    public static ImageSpecification[] Specifications(int count) =>
        [.. Enumerable.Range(0, count).Select(seed => Specification(new Random(seed), (ulong)seed))];

    public static ImageSpecification Image(int classId, ulong seed, SamplingSettings coarse) => new(classId, seed, coarse, new SamplingSettings());

    /// <summary>Adds an image.</summary>
    /// <param name="kept">[T]: the labels that it keeps, each its own token, <see cref="LayoutSource.NewToken"/> for the others; null for none.</param>
    public static void Add(this ICoarseStage stage, long id, ImageSpecification specification, int[]? kept = null)
    {
        var image = new RunningImage(id, specification, Config.Positions);
        if (kept is not null)
        {
            image.Keep(kept, Labels.Value);
        }

        stage.Add(image);
    }

    public static int[] Alone(ICoarseStage stage, ImageSpecification image)
    {
        stage.Add(0, image);
        return Assert.Single(Drain(stage)).CoarseLabels;
    }

    public static List<RunningImage> Drain(ICoarseStage stage)
    {
        var finished = new List<RunningImage>();
        while (stage.Count > 0)
        {
            finished.AddRange(stage.Step());
        }

        return finished;
    }

    /// <summary>
    /// Runs some of the images, each joining at a random step and some removed early. Returns those that finish, with their index among the specifications.
    /// </summary>
    public static List<(int Place, int[] Labels)> Mix(ICoarseStage stage, ImageSpecification[] specifications, Random random)
    {
        var arrivals = Enumerable.Range(0, random.Next(2, 10))
            .Select(_ => (Place: random.Next(specifications.Length), Step: random.Next(2 * Config.Positions))).OrderBy(arrival => arrival.Step).ToList();
        var finished = new List<(int, int[])>();
        var next = 0;
        for (var step = 0; next < arrivals.Count || stage.Count > 0; step++)
        {
            for (; next < arrivals.Count && arrivals[next].Step <= step && specifications[arrivals[next].Place].Rows <= stage.FreeRows; next++)
            {
                stage.Add(next, specifications[arrivals[next].Place]);
            }

            if (random.Next(2 * Config.Positions) == 0)
            {
                stage.Remove(random.Next(arrivals.Count));
            }

            if (stage.Count > 0)
            {
                finished.AddRange(stage.Step().Select(sequence => (arrivals[(int)sequence.Id].Place, sequence.CoarseLabels)));
            }
        }

        return finished;
    }

    private static ImageSpecification Specification(Random random, ulong seed) => Image(
        random.Next(Config.ClassCount),
        seed,
        new SamplingSettings(
            Temperature: random.Next(5) == 0 ? 0 : 0.6f + (float)random.NextDouble(),
            TopK: random.Next(2) == 0 ? 0 : random.Next(1, 10),
            TopP: random.Next(2) == 0 ? 1 : 0.5f + (0.5f * (float)random.NextDouble()),
            GuidanceScale: random.Next(3) == 0 ? 1 : 1 + (3 * (float)random.NextDouble()),
            GuidanceInterval: random.Next(4) == 0 ? random.Next(Config.Positions) : SamplingSettings.AlwaysGuided));
}
