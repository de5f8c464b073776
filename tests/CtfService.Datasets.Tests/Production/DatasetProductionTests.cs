using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Folders;
using CtfService.Datasets.Plans;
using CtfService.Datasets.Production;
using CtfService.TestSupport;

namespace CtfService.Datasets.Tests.Production;

public sealed class DatasetProductionTests : IDisposable
{
    private const int Images = 60;

    private static readonly DatasetPlan Plan = FakeDataset.Plan() with { Counts = [20, 20, 10, 5, 5], ShardSize = 7 };
    private static readonly DatasetPlan FilteredPlan = Plan with { Filter = new ImageFilter("hash", 0.5) };

    private readonly TemporaryFolder _temporary = new();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_AnyNumberOfGenerators_MakesTheSameFiles(int generators)
    {
        Produce("one", Plan);

        Produce("several", Plan, others: generators - 1);

        Assert.Equal(Files("one"), Files("several"));
    }

    [Fact]
    public void Run_ManyShards_KeepsTheRowsFullAcrossTheirEnds()
    {
        using var generator = new FakeImageGenerator(FakeDataset.Model) { Rows = 16, StepsPerImage = 3 }; // 8 images with guidance

        Produce("set", Plan, generator: generator);

        var full = generator.Steps.Count(step => step.Count == 8);
        Assert.Equal(Images / 8 * 3, full);
        Assert.Equal(Images, generator.Steps.SelectMany(step => step).Select(image => image.Seed).Distinct().Count());
    }

    [Fact]
    public void Run_WithAFilter_ReplacesAndListsRejectedImages()
    {
        Produce("set", FilteredPlan, new EveryThird());

        var rejected = File.ReadAllLines(_temporary.File("set/rejected.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var dataset = new Dataset(FilteredPlan, FakeDataset.Model);
        Assert.NotEmpty(rejected);
        Assert.All(rejected, line =>
        {
            var image = dataset.Image(line.GetProperty("index").GetInt32(), line.GetProperty("attempt").GetInt32());
            Assert.Equal(image.Specification.Seed, line.GetProperty("seed").GetUInt64());
            Assert.Equal(0UL, image.Specification.Seed % 3);
            Assert.Equal(0.25, line.GetProperty("probability").GetDouble());
            Assert.Equal("pineapple", line.GetProperty("predicted_name").GetString());
        });
    }

    [Fact]
    public void Run_WithAFilter_KeepsOnlyAcceptedImages()
    {
        Produce("set", FilteredPlan with { Format = DatasetFormat.Imagefolder }, new EveryThird());

        var lines = File.ReadAllLines(_temporary.File("set/metadata.jsonl"));
        var seeds = lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("seed").GetUInt64());
        Assert.Equal(Images, seeds.Count(seed => seed % 3 != 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_CancelledAgainAndAgain_EndsWithTheSameBytes(bool isFiltered)
    {
        var (plan, judge) = isFiltered ? (FilteredPlan, new EveryThird()) : (Plan, null);
        Produce("one", plan, judge);

        var runs = 0;
        for (var isDone = false; !isDone; runs++)
        {
            using var stop = new CancellationTokenSource();
            var finished = 0;
            void Stop(bool now)
            {
                if (now)
                {
                    stop.Cancel();
                }
            }

            try
            {
                Produce("set", plan, judge, progress: () => Stop(++finished == 5), cancellation: stop.Token);
                isDone = true;
            }
            catch (OperationCanceledException)
            {
            }
        }

        Assert.InRange(runs, 2, Images);
        Assert.Equal(Files("one"), Files("set"));
    }

    [Fact]
    public void Run_TheFilterRejectsEverything_GivesUpWithTheClass()
    {
        var error = Assert.Throws<InvalidDataException>(() => Produce("set", FilteredPlan, new Nothing()));

        Assert.StartsWith("100 images of class '", error.Message, StringComparison.Ordinal);
        Assert.Contains("probability 0.250, expected 0.5 or more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Run_AGeneratorFails_StopsWithItsError(int failing)
    {
        using var generator = new FakeImageGenerator(FakeDataset.Model) { StepsPerImage = 3 };
        var expected = new OutOfDeviceMemoryException("full");
        if (failing == 0)
        {
            generator.FailNextStep(expected);
        }

        var error = Assert.Throws<OutOfDeviceMemoryException>(() => Produce(
            "set", Plan, generator: generator, others: failing, load: _ => throw expected));

        Assert.Same(expected, error);
    }

    [Fact]
    public void Run_TheFolderCannotBeWritten_SaysHowToContinueAndDoes()
    {
        var format = FakeDataset.Format(Plan);
        Directory.CreateDirectory(_temporary.File("set"));
        using (var folder = DatasetFolder.Open(_temporary.File("set"), format))
        {
            Directory.CreateDirectory(_temporary.File("set/images-000003.tar")); // in the way of a shard
            using var generator = new FakeImageGenerator(FakeDataset.Model);

            var error = Assert.Throws<IOException>(() => new DatasetProduction(folder, format, judge: null).Run(generator, [], CancellationToken.None));

            Assert.Contains("Finished images are kept.", error.Message, StringComparison.Ordinal);
        }

        Directory.Delete(_temporary.File("set/images-000003.tar"));
        Produce("set", Plan);
        Produce("one", Plan);
        Assert.Equal(Files("one"), Files("set"));
    }

    public void Dispose() => _temporary.Dispose();

    private void Produce(
        string name,
        DatasetPlan plan,
        IImageJudge? judge = null,
        FakeImageGenerator? generator = null,
        int others = 0,
        Func<CancellationToken, IImageGenerator>? load = null,
        Action? progress = null,
        CancellationToken cancellation = default)
    {
        var format = FakeDataset.Format(plan);
        using var folder = DatasetFolder.Open(_temporary.File(name), format);
        using var own = new FakeImageGenerator(FakeDataset.Model) { StepsPerImage = 3 };
        var production = new DatasetProduction(folder, format, judge) { Progress = progress ?? (() => { }) };
        production.Run(
            generator ?? own, [.. Enumerable.Repeat(load ?? (_ => new FakeImageGenerator(FakeDataset.Model) { StepsPerImage = 2 }), others)], cancellation);
    }

    private SortedDictionary<string, byte[]> Files(string name) => new(
        Directory.EnumerateFiles(_temporary.File(name), "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(_temporary.File(name), path), File.ReadAllBytes),
        StringComparer.Ordinal);

    /// <summary>Rejects the images whose seed is a multiple of three; the fake generator draws the first byte from the seed.</summary>
    private sealed class EveryThird : IImageJudge
    {
        private static readonly HashSet<string> Rejected = [.. Rejections()];

        public Judgement Judge(RgbImage image, int classId) =>
            Rejected.Contains(Convert.ToHexString(image.Pixels)) ? new Judgement(PredictedClass: 3, 0.25) : new Judgement(classId, 0.75);

        private static IEnumerable<string> Rejections()
        {
            var dataset = new Dataset(Plan, FakeDataset.Model);
            return from attempt in Enumerable.Range(0, 20)
                   from index in Enumerable.Range(0, dataset.Count)
                   let image = dataset.Image(index, attempt)
                   where image.Specification.Seed % 3 == 0
                   select Convert.ToHexString(FakeDataset.Draw(dataset, image).Pixels);
        }
    }

    private sealed class Nothing : IImageJudge
    {
        public Judgement Judge(RgbImage image, int classId) => new(PredictedClass: classId, 0.25);
    }
}
