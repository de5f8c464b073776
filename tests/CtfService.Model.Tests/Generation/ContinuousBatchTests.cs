using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;

namespace CtfService.Model.Tests.Generation;

/// <summary>Images that join and leave while others run.</summary>
public sealed class ContinuousBatchTests : IDisposable
{
    private const int Rows = 12;
    private const int Specifications = 60;

    private readonly TinyBundle _bundle = new();

    [Theory]
    [InlineData("float32", 1000)]
    [InlineData("bfloat16", 100)]
    [InlineData("int8", 100)]
    [InlineData("float16", 30)] // by libtorch
    public void Advance_RandomMixesOfArrivals_GiveTheTokensThatEachGivesAloneOneLabelAStep(string dtype, int mixes)
    {
        using var generator = Load(dtype);
        using var sequential = Load(dtype, maxWindow: 1);
        ImageSpecification[] specifications = [.. Enumerable.Range(0, Specifications).Select(seed => Specification(new Random(seed), (ulong)seed))];
        var alone = specifications.Select(image => sequential.Generate([image], CancellationToken.None)[0]).ToList();

        for (var mix = 0; mix < mixes; mix++)
        {
            foreach (var (place, image) in RunMix(generator, specifications, new Random(1000 + mix)))
            {
                Assert.True(alone[place].Tokens.SequenceEqual(image.Tokens), $"Mix {mix}: image {place} has other tokens than alone.");
                Assert.True(alone[place].CoarseLabels.SequenceEqual(image.CoarseLabels), $"Mix {mix}: image {place} has another layout than alone.");
                Assert.True(alone[place].Image.Pixels.SequenceEqual(image.Image.Pixels), $"Mix {mix}: image {place} has other pixels than alone.");
            }
        }
    }

    [Fact]
    public void Remove_RunningImage_FreesItsRowsAndLeavesTheOthersAlone()
    {
        using var generator = Load("float32");
        var staying = Specification(new Random(1), 1);
        var expected = generator.Generate([staying], CancellationToken.None)[0];
        generator.Admit(7, staying);
        generator.Admit(8, staying with { Seed = 2 });
        generator.Advance(CancellationToken.None);
        var free = generator.FreeRows;

        generator.Remove(8);
        generator.Remove(99);

        Assert.Equal(free + staying.Rows, generator.FreeRows);
        var outcome = Assert.Single(Drain(generator));
        Assert.Equal(7, outcome.Id);
        Assert.Equal(expected.Tokens, outcome.Image!.Tokens);
        Assert.Equal(Rows, generator.FreeRows);
        Assert.Equal(0, generator.ImageCount);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    public void Advance_CancelledBetweenSteps_ContinuesUnchanged(string dtype)
    {
        using var generator = Load(dtype);
        var image = Specification(new Random(1), 1);
        var expected = generator.Generate([image], CancellationToken.None)[0];
        generator.Admit(7, image);
        generator.Advance(CancellationToken.None);

        Assert.Throws<OperationCanceledException>(() => generator.Advance(new CancellationToken(canceled: true)));

        Assert.Equal(expected.Tokens, Assert.Single(Drain(generator)).Image!.Tokens);
    }

    [Fact]
    public void Admit_NoRoomUnknownClassOrUsedId_Throws()
    {
        using var generator = Load("float32");
        var plain = new SamplingSettings();
        for (var id = 0; id < Rows; id++)
        {
            generator.Admit(id, new ImageSpecification(0, 1, plain, plain));
        }

        var tooMany = Assert.Throws<ArgumentException>(() => generator.Admit(99, new ImageSpecification(0, 1, plain, plain)));
        Assert.Contains("0 are free", tooMany.Message, StringComparison.Ordinal);
        generator.Remove(0);
        var sameId = Assert.Throws<ArgumentException>(() => generator.Admit(1, new ImageSpecification(0, 1, plain, plain)));
        Assert.Contains("is already in use", sameId.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.Admit(99, new ImageSpecification(TinyBundle.Classes, 1, plain, plain)));
    }

    [Theory]
    [InlineData(1, TinyBundle.Positions - 2)]
    [InlineData(null, 1)]
    public void Advance_NothingFinishes_AllocatesNothing(int? maxWindow, int steps)
    {
        using var generator = Load("float32", maxWindow);
        generator.Admit(1, new ImageSpecification(0, 1, new SamplingSettings(GuidanceScale: 2), new SamplingSettings()));
        generator.Advance(CancellationToken.None);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var step = 0; step < steps; step++)
        {
            generator.Advance(CancellationToken.None);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Generate_GuidanceInterval_GuidesOnlyTheFirstPositions()
    {
        using var generator = Load("float32");
        var settings = new SamplingSettings(GuidanceScale: 6);
        var image = new ImageSpecification(1, 3, settings, new SamplingSettings());

        var always = generator.Generate([image], CancellationToken.None)[0];
        var whole = generator.Generate([image with { Coarse = settings with { GuidanceInterval = TinyBundle.Positions } }], CancellationToken.None)[0];
        var first = generator.Generate([image with { Coarse = settings with { GuidanceInterval = 1 } }], CancellationToken.None)[0];

        Assert.Equal(always.CoarseLabels, whole.CoarseLabels);
        Assert.Equal(always.CoarseLabels.Take(3), first.CoarseLabels.Take(3));
        Assert.NotEqual(always.CoarseLabels, first.CoarseLabels);
    }

    public void Dispose() => _bundle.Dispose();

    /// <summary>Loads a model as one of two copies, which do not choose between engines by measurement: two loads might choose differently.</summary>
    private IImageGenerator Load(string dtype, int? maxWindow = null)
    {
        var factory = new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", dtype) with { Copies = 2 }, Rows)
        {
            MaxWindow = maxWindow,
        };
        return factory.Load(CancellationToken.None);
    }

    private static ImageSpecification Specification(Random random, ulong seed) => new(
        random.Next(TinyBundle.Classes),
        seed,
        new SamplingSettings(
            Temperature: random.Next(5) == 0 ? 0 : 0.6f + (float)random.NextDouble(),
            TopK: random.Next(2) == 0 ? 0 : random.Next(1, 10),
            TopP: random.Next(2) == 0 ? 1 : 0.5f + (0.5f * (float)random.NextDouble()),
            GuidanceScale: random.Next(3) == 0 ? 1 : 1 + (3 * (float)random.NextDouble()),
            GuidanceInterval: random.Next(4) == 0 ? random.Next(TinyBundle.Positions) : SamplingSettings.AlwaysGuided),
        new SamplingSettings(Temperature: 0.5f + (float)random.NextDouble(), TopK: random.Next(4), GuidanceScale: 1 + random.Next(2)));

    /// <summary>Runs some of the images, each joining at a random step.</summary>
    private static List<(int Place, GeneratedImage Image)> RunMix(IImageGenerator generator, ImageSpecification[] specifications, Random random)
    {
        var arrivals = Enumerable.Range(0, random.Next(2, 9))
            .Select(_ => (Place: random.Next(specifications.Length), Step: random.Next(2 * TinyBundle.Positions))).OrderBy(arrival => arrival.Step).ToList();
        var finished = new List<(int, GeneratedImage)>();
        var next = 0;
        for (var step = 0; finished.Count < arrivals.Count; step++)
        {
            for (; next < arrivals.Count && arrivals[next].Step <= step && specifications[arrivals[next].Place].Rows <= generator.FreeRows; next++)
            {
                generator.Admit(next, specifications[arrivals[next].Place]);
            }

            finished.AddRange(generator.Advance(CancellationToken.None).Select(outcome => (arrivals[(int)outcome.Id].Place, outcome.Image!)));
        }

        return finished;
    }

    private static List<GenerationOutcome> Drain(IImageGenerator generator)
    {
        var outcomes = new List<GenerationOutcome>();
        while (generator.ImageCount > 0)
        {
            outcomes.AddRange(generator.Advance(CancellationToken.None));
        }

        return outcomes;
    }
}
