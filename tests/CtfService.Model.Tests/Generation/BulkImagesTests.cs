using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;

namespace CtfService.Model.Tests.Generation;

/// <summary>Bulk images in the generator, which pause beside interactive ones. Interactive images have even ids.</summary>
public sealed class BulkImagesTests : IDisposable
{
    private const int Rows = 12;
    private const int Specifications = 40;

    private readonly TinyBundle _bundle = new();

    [Theory]
    [InlineData("float32", 150)]
    [InlineData("bfloat16", 40)]
    [InlineData("int8", 40)]
    [InlineData("float16", 10)] // by libtorch
    public void Advance_ImagesOfBothPrioritiesAtRandomSteps_GiveTheBytesThatEachGivesAlone(string dtype, int mixes)
    {
        using var generator = Load(dtype);
        ImageSpecification[] specifications = [.. Enumerable.Range(0, Specifications).Select(seed => Specification(new Random(seed), (ulong)seed))];
        var alone = specifications.Select(image => generator.Generate([image], CancellationToken.None)[0]).ToList();

        for (var mix = 0; mix < mixes; mix++)
        {
            foreach (var (place, image) in RunMix(generator, specifications, new Random(2_000 + mix)))
            {
                Assert.True(alone[place].Tokens.SequenceEqual(image.Tokens), $"Mix {mix}: image {place} has other tokens than alone.");
                Assert.True(alone[place].Image.Pixels.SequenceEqual(image.Image.Pixels), $"Mix {mix}: image {place} has other pixels than alone.");
            }
        }

        Assert.Equal((Rows, 0, 0), (generator.FreeRows, generator.RowsBelow(ImagePriority.Interactive), generator.ImageCount));
    }

    [Fact]
    public void Advance_InteractiveImageIsInAnyStage_StepsItAlone()
    {
        using var generator = Load("float32");
        var finished = new List<long>();
        for (var id = 1; id < 16; id += 2)
        {
            generator.Admit(id, Plain(id), priority: ImagePriority.Bulk);
        }

        generator.Admit(101, Plain(101) with { Layout = new LayoutSource.Given(new int[TinyBundle.Positions]) }, priority: ImagePriority.Bulk);
        Advance(generator, finished, steps: 3);
        generator.Admit(2, Plain(2));

        while (!finished.Contains(2))
        {
            Advance(generator, finished, steps: 1);
            Assert.InRange(generator.LastStep.Rows, 0, 1);
            Assert.InRange(generator.LastStep.Fine.Images + generator.LastStep.VqDecode.Images, 0, 2);
        }

        Assert.DoesNotContain(1, finished);
        Assert.Equal(8, generator.RowsBelow(ImagePriority.Interactive));
        Assert.Equal(Rows - 8, generator.FreeRows);
        while (generator.ImageCount > 0)
        {
            Advance(generator, finished, steps: 1);
        }

        Assert.Equal(10, finished.Count);
    }

    [Theory]
    [InlineData("drawn")]
    [InlineData("given")]
    [InlineData("encoded")]
    public void Advance_InteractiveImageBesideBulk_TakesAsManyStepsAsAlone(string layout)
    {
        using var generator = Load("float32");
        var image = Plain(2) with
        {
            Layout = layout switch
            {
                "given" => new LayoutSource.Given(new int[TinyBundle.Positions]),
                "encoded" => new LayoutSource.Encoded(Grey()),
                _ => LayoutSource.Drawn,
            },
        };
        var alone = StepsOf(generator, image);
        for (var id = 1; id < 16; id += 2)
        {
            generator.Admit(id, Plain(id), priority: ImagePriority.Bulk);
            generator.Admit(100 + id, Plain(id) with { Layout = new LayoutSource.Encoded(Grey()) }, priority: ImagePriority.Bulk);
        }

        generator.Advance(CancellationToken.None);

        Assert.Equal(alone, StepsOf(generator, image));
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    public void Advance_BulkImagesOnly_RunsOneStageInAStep(string dtype)
    {
        using var generator = Load(dtype);
        for (var id = 1; id < 20; id += 2)
        {
            generator.Admit(id, Plain(id), priority: ImagePriority.Bulk);
            generator.Admit(100 + id, Plain(id) with { Layout = new LayoutSource.Encoded(Grey()) }, priority: ImagePriority.Bulk);
        }

        while (generator.ImageCount > 0)
        {
            generator.Advance(CancellationToken.None);
            int[] works = [generator.LastStep.Rows, generator.LastStep.VqEncode.Images, generator.LastStep.Fine.Images, generator.LastStep.VqDecode.Images];
            Assert.Single(works, images => images > 0);
        }
    }

    [Fact]
    public void Advance_OnLibtorch_DrawsBulkLabelsInTheSameStep()
    {
        using var generator = Load("float16"); // every step computes all rows, so pausing would save nothing
        generator.Admit(1, Plain(1), priority: ImagePriority.Bulk);
        generator.Admit(2, Plain(2));

        generator.Advance(CancellationToken.None);

        Assert.Equal(2, generator.LastStep.Rows);
    }

    [Fact]
    public void Advance_PausedBulkImages_DoNotDelayPreviews()
    {
        using var generator = Load("float32");
        for (var id = 1; id < 16; id += 2)
        {
            generator.Admit(id, Plain(id), priority: ImagePriority.Bulk);
        }

        var shown = new List<int>();
        generator.Admit(2, Plain(2), new PreviewOptions(2, _ => shown.Add(generator.LastStep.Rows)));
        for (var step = 0; step < TinyBundle.Positions; step++)
        {
            generator.Advance(CancellationToken.None);
        }

        Assert.Equal([1, 1], shown);
    }

    [Fact]
    public void Remove_PausedBulkImage_FreesItsRows()
    {
        using var generator = Load("float32");
        generator.Admit(1, Plain(1) with { Coarse = new SamplingSettings(GuidanceScale: 2) }, priority: ImagePriority.Bulk);
        generator.Admit(2, Plain(2));
        generator.Advance(CancellationToken.None);
        Assert.Equal((2, Rows - 3), (generator.RowsBelow(ImagePriority.Interactive), generator.FreeRows));

        generator.Remove(1);

        Assert.Equal((0, Rows - 1), (generator.RowsBelow(ImagePriority.Interactive), generator.FreeRows));
    }

    [Fact]
    public void Advance_BulkPaused_AllocatesNothing()
    {
        using var generator = Load("float32");
        generator.Admit(1, Plain(1), priority: ImagePriority.Bulk);
        generator.Admit(2, Plain(2));
        generator.Advance(CancellationToken.None);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var step = 0; step < TinyBundle.Positions - 2; step++)
        {
            generator.Advance(CancellationToken.None);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    public void Dispose() => _bundle.Dispose();

    private IImageGenerator Load(string dtype) =>
        new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", dtype), Rows) { MaxWindow = 1 }.Load(CancellationToken.None);

    private static ImageSpecification Plain(int seed) => new(ClassId: 1, (ulong)seed, new SamplingSettings(), new SamplingSettings());

    private static RgbImage Grey() => new(16, 16, new byte[16 * 16 * 3]);

    private static ImageSpecification Specification(Random random, ulong seed) => new(
        random.Next(TinyBundle.Classes),
        seed,
        new SamplingSettings(TopK: random.Next(4), GuidanceScale: random.Next(2) == 0 ? 1 : 1 + (3 * (float)random.NextDouble())),
        new SamplingSettings(GuidanceScale: 1 + random.Next(2)))
    {
        Layout = random.Next(5) == 0 ? new LayoutSource.Given(new int[TinyBundle.Positions]) : LayoutSource.Drawn,
    };

    private static void Advance(IImageGenerator generator, List<long> finished, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            finished.AddRange(generator.Advance(CancellationToken.None).Select(outcome => outcome.Id));
        }
    }

    /// <summary>Returns the number of steps until an interactive image is finished.</summary>
    private static int StepsOf(IImageGenerator generator, ImageSpecification image)
    {
        generator.Admit(2, image);
        var steps = 1;
        while (generator.Advance(CancellationToken.None).All(outcome => outcome.Id != 2))
        {
            steps++;
        }

        return steps;
    }

    /// <summary>Runs images of random priorities, each joining at a random step; some bulk images are removed and admitted again.</summary>
    private static List<(int Place, GeneratedImage Image)> RunMix(IImageGenerator generator, ImageSpecification[] specifications, Random random)
    {
        var arrivals = Enumerable.Range(0, random.Next(3, 12))
            .Select(_ => (Place: random.Next(specifications.Length), Step: random.Next(4 * TinyBundle.Positions))).OrderBy(arrival => arrival.Step).ToList();
        var finished = new List<(int, GeneratedImage)>();
        var (next, running) = (0, new HashSet<int>());
        for (var step = 0; finished.Count < arrivals.Count; step++)
        {
            for (; next < arrivals.Count && arrivals[next].Step <= step && specifications[arrivals[next].Place].Rows <= generator.FreeRows; next++)
            {
                Admit(next);
            }

            if (random.Next(20) == 0 && running.FirstOrDefault(id => id % 4 != 0, -1) is var evicted and >= 0)
            {
                generator.Remove(evicted);
                Admit(evicted);
            }

            foreach (var outcome in generator.Advance(CancellationToken.None))
            {
                running.Remove((int)outcome.Id);
                finished.Add((arrivals[(int)outcome.Id].Place, outcome.Image!));
            }
        }

        return finished;

        void Admit(int id)
        {
            running.Add(id);
            generator.Admit(id, specifications[arrivals[id].Place], priority: (ImagePriority)(id % 4));
        }
    }
}
