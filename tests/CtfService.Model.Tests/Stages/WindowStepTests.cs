using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

/// <summary>
/// Steps that draw several labels of an image. Labels are compared with those of the same stage whose windows are limited to one position, so all sums have the
/// same shapes.
/// </summary>
public sealed class WindowStepTests : IDisposable
{
    private const int Rows = 6;

    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(CoarseRuns.Config);
    private readonly ImageSpecification[] _images = CoarseRuns.Specifications(12);
    private Func<int> _limit = () => int.MaxValue;

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)] // longer than an image
    public void Step_AnyWindow_GivesTheLabelsOfOnePositionAtATime(int window)
    {
        using var stage = Stage(window);
        foreach (var image in _images)
        {
            _limit = () => 1;
            var expected = CoarseRuns.Alone(stage, image);
            _limit = () => int.MaxValue;

            Assert.Equal(expected, CoarseRuns.Alone(stage, image));
        }
    }

    /// <summary>Drafts that a table gives, whether right or not, change the number of steps and no label.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void Step_UsualLabels_GivesTheSameLabelsInFewerSteps(int window)
    {
        _limit = () => 1;
        using var plain = Stage(window);
        var labels = _images.Select(image => CoarseRuns.Alone(plain, image)).ToList();
        _limit = () => int.MaxValue;
        var counts = new LabelCounts(CoarseRuns.Config.ClassCount, CoarseRuns.Config.Positions, CoarseRuns.Config.OutputVocabulary);
        foreach (var (image, drawn) in _images.Zip(labels).Where(pair => pair.First.ClassId > 0)) // class 0 has no usual labels
        {
            counts.Add(image.ClassId, drawn);
        }

        using var stage = Stage(window, drafts: new TableDrafts(counts.MostUsual()));

        Assert.Equal(labels, _images.Select(image => CoarseRuns.Alone(stage, image)));
        Assert.True(Steps(stage) < Steps(plain), $"{Steps(stage)} steps with usual labels, {Steps(plain)} without.");
    }

    [Fact]
    public void Step_OtherShape_GivesTheSameLabelsInTheseRuns()
    {
        using var single = Stage(1);
        using var stage = Stage(8);
        foreach (var image in _images)
        {
            Assert.Equal(CoarseRuns.Alone(single, image), CoarseRuns.Alone(stage, image));
        }
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(16, 4)]
    [InlineData(32, 4)]
    public void Step_WindowsThatChangeAtRandomInRandomMixes_GiveTheLabelsThatEachGivesAlone(int window, int mixes)
    {
        using var stage = Stage(window);
        _limit = () => 1;
        var alone = _images.Select(image => CoarseRuns.Alone(stage, image)).ToList();

        for (var mix = 0; mix < mixes; mix++)
        {
            var random = new Random((window * 100) + mix);
            _limit = () => random.Next(1, window + 1);
            foreach (var (place, labels) in CoarseRuns.Mix(stage, _images, random))
            {
                Assert.True(alone[place].SequenceEqual(labels), $"Mix {mix}: image {place} has other labels than alone.");
            }

            Assert.Equal(Rows, stage.FreeRows);
        }
    }

    [Fact]
    public void Step_KeptLabelsAndCandidatesInRandomMixes_GiveTheLabelsThatEachGivesAlone()
    {
        using var stage = Stage(8);
        _limit = () => 1;
        int[]?[] kept = [.. _images.Select((image, place) => place % 4 == 0 ? null : KeptLabelsTests.Choices(
            CoarseRuns.Alone(stage, image with { Seed = 77 }), new Random(place))[place % 5])];
        ImageSpecification[] images = [.. _images.Select((image, place) => place % 3 == 0 ? KeptLabelsTests.WithCandidates(image, 3) : image)];
        var alone = images.Zip(kept, (image, labels) =>
        {
            stage.Add(1, image, labels);
            return Assert.Single(CoarseRuns.Drain(stage)).CoarseLabels;
        }).ToList();

        for (var mix = 0; mix < 4; mix++)
        {
            var random = new Random(mix);
            _limit = mix == 0 ? () => int.MaxValue : () => random.Next(1, 9);
            var finished = new List<RunningImage>();
            for (var next = 0; next < images.Length || stage.Count > 0;)
            {
                while (next < images.Length && images[next].Rows <= stage.FreeRows && random.Next(3) > 0)
                {
                    stage.Add(next, images[next], kept[next]);
                    next++;
                }

                if (stage.Count > 0)
                {
                    finished.AddRange(stage.Step());
                }
            }

            Assert.Equal(images.Length, finished.Count);
            Assert.All(finished, image => Assert.Equal(alone[(int)image.Id], image.CoarseLabels));
        }
    }

    /// <summary>The image's rows move, and steps fail and are repeated, in the middle of its windows.</summary>
    [Fact]
    public void Step_MemoryRunsShortAtRandom_GivesTheSameLabels()
    {
        var device = new FailingDevice();
        using var stage = Stage(8, device);
        _limit = () => 1;
        var alone = _images.Select(image => CoarseRuns.Alone(stage, image)).ToList();
        var random = new Random(3);
        _limit = () => random.Next(1, 9);
        var room = Rows;
        var head = (nn.Module<Tensor, Tensor>)_transformer.named_children().Single(child => child.name == "output").module;
        head.register_forward_pre_hook((_, hidden) => hidden.shape[0] <= room ? hidden : throw FailingDevice.OutOfMemory());
        var (drawn, failures) = (0, 0);

        for (var next = 0; drawn < 40;)
        {
            while (_images[next % _images.Length].Rows <= stage.FreeRows)
            {
                stage.Add(next, _images[next % _images.Length]);
                next++;
            }

            room = random.Next(4) == 0 ? random.Next(1, Rows) : Rows;
            device.Downloads = random.Next(4) == 0 ? random.Next(3) : int.MaxValue;
            device.Uploads = random.Next(4) == 0 ? random.Next(12) : int.MaxValue;
            device.Allocations = random.Next(4) == 0 ? 0 : int.MaxValue;
            try
            {
                foreach (var image in stage.Step())
                {
                    Assert.Equal(alone[(int)image.Id % _images.Length], image.CoarseLabels);
                    drawn++;
                }
            }
            catch (System.ComponentModel.Win32Exception)
            {
                failures++;
            }
        }

        Assert.True(failures > 10);
    }

    [Fact]
    public void Step_Window_CountsPositionsAndLabels()
    {
        using var stage = Stage(8);
        var image = CoarseRuns.Image(1, 3, new SamplingSettings(GuidanceScale: 2));
        stage.Add(1, image);
        stage.Add(2, image with { Coarse = new SamplingSettings(Temperature: 0) });
        var (labels, steps, finished) = (0, 0, new List<RunningImage>());
        while (stage.Count > 0)
        {
            var images = stage.Count;
            finished.AddRange(stage.Step());
            var work = stage.LastStepWork;
            labels += work.Labels;
            steps++;
            Assert.Equal(images, work.Images);
            Assert.InRange(work.Labels, images, work.Positions);
            Assert.InRange(work.Positions, images, 8 * images);
            Assert.InRange(work.WastedRows, work.Positions - work.Labels, 2 * (work.Positions - work.Labels));
        }

        Assert.Equal(2 * CoarseRuns.Config.Positions, labels);
        Assert.Equal(steps, finished.Max(drawn => drawn.DecodeSteps));
        Assert.InRange(steps, CoarseRuns.Config.Positions / 8, CoarseRuns.Config.Positions - 1);
    }

    [Fact]
    public void Step_WindowAndImagesThatComeAndGo_LeavesNoTensorBehind()
    {
        using var stage = Stage(8);
        CoarseRuns.Mix(stage, _images, new Random(1));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        CoarseRuns.Mix(stage, _images, new Random(2));

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose() => _transformer.Dispose();

    private TorchCoarseStage Stage(int window, DeviceMemory? memory = null, ILabelDrafts? drafts = null) =>
        new(_transformer, memory ?? new DeviceMemory(CPU), Rows, window, drafts) { WindowLimit = _ => _limit() };

    /// <summary>Steps of all images of classes with usual labels, one after the other.</summary>
    private int Steps(TorchCoarseStage stage) => _images.Where(image => image.ClassId > 0).Sum(image =>
    {
        stage.Add(0, image);
        return Assert.Single(CoarseRuns.Drain(stage)).DecodeSteps;
    });
}
