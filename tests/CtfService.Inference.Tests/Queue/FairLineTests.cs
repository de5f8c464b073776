using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

/// <summary>Flows take turns by weight, counted in rows.</summary>
public sealed class FairLineTests
{
    private static readonly ImageFlow Light = new("light", 1);
    private static readonly ImageFlow Heavy = new("heavy", 3);

    private readonly FakeTimeProvider _clock = new();
    private readonly FairLine _line = new(takesTurns: false);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(50, 7)]
    public void Take_TwoFlowsHaveImages_SharesStartsByWeight(int weight, int other)
    {
        var (one, two) = (new ImageFlow("one", weight), new ImageFlow("two", other));
        Add(one, 40_000);
        Add(two, 40_000);

        var taken = Take(20_000).CountBy(job => job.Flow.Name).ToDictionary();

        Assert.InRange((double)taken["one"] / taken["two"], 0.99 * weight / other, 1.01 * weight / other);
    }

    [Fact]
    public void Take_OneFlowHasEditsWithCandidates_CountsEachCandidate()
    {
        var edit = new LayoutSource.Edited(new RgbImage(2, 1, new byte[6]), new EditMask(2, 1, [true, false])) { Candidates = 4 };
        Add(Light, 2_000, Jobs.Image() with { Layout = edit });
        Add(Light with { Name = "plain" }, 4_000);

        var taken = Take(1_000).CountBy(job => job.Flow.Name).ToDictionary();

        Assert.InRange(taken["plain"], 790, 810); // four times as many
    }

    [Fact]
    public void Take_OneFlowHasGuidedImages_SharesRowsAndNotImages()
    {
        Add(Light, 2_000, Jobs.GuidedImage());
        Add(Light with { Name = "plain" }, 4_000);

        var taken = Take(3_000).CountBy(job => job.Flow.Name).ToDictionary();

        Assert.InRange(taken["plain"], 1_990, 2_010); // as many rows as 1,000 guided images
    }

    [Fact]
    public void Take_ThreeFlowsOfManyWeights_StarvesNone()
    {
        Add(Heavy with { Weight = 1_000 }, 10_000);
        Add(Light, 100);
        Add(Light with { Name = "other" }, 100);

        var taken = Take(6_000).CountBy(job => job.Flow.Name).ToDictionary();

        Assert.InRange(taken["light"], 5, 10);
        Assert.InRange(taken["other"], 5, 10);
    }

    [Fact]
    public void Take_FlowComesInBesideAFlood_IsNext()
    {
        Add(Heavy, 1_000);
        Take(500);

        Add(Light, 1);

        Assert.Equal("light", _line.Take().Flow.Name);
    }

    [Fact]
    public void Take_FlowWasIdleForLong_IsFewRowsAheadOnly()
    {
        Add(Light, 1);
        Take(1);
        Add(Heavy with { Weight = 1 }, 10_000);
        Take(5_000);

        Add(Light, 1_000);

        Assert.InRange(Take(100).Count(job => job.Flow == Light), 50, 53); // half, and at most four rows more at the start
    }

    [Fact]
    public void Take_FlowAsksForOneImageAfterAnother_GetsItsShareAndNotMore()
    {
        Add(Light with { Name = "flood" }, 10_000);
        var count = 0;
        for (var start = 0; start < 1_000; start++)
        {
            if (_line.TimeOf("light") <= _line.TimeOf("flood") || start == 0)
            {
                Add(Light, 1); // its former image has started
            }

            count += _line.Take().Flow == Light ? 1 : 0;
        }

        Assert.InRange(count, 490, 510);
    }

    [Fact]
    public void PutBack_ImageThatStarted_IsNotChargedTwice()
    {
        Add(Light, 1_000);
        Add(Light with { Name = "other" }, 1_000);
        for (var round = 0; round < 200; round++)
        {
            var job = _line.Take();
            if (job.Flow == Light)
            {
                _line.PutBack(job);
                Assert.Same(job, _line.Take());
            }
        }

        Assert.Equal(_line.TimeOf("light"), _line.TimeOf("other"));
    }

    [Fact]
    public void PutBack_ImagesOfAFlow_ComeBeforeItsOthersInTheirOrder()
    {
        foreach (var seed in (ulong[])[1, 2, 3])
        {
            _line.Add(Jobs.At(_clock, Jobs.Image(seed), flow: Light));
        }

        var ran = Take(2);
        ran.Reverse();
        ran.ForEach(_line.PutBack);

        Assert.Equal([1UL, 2, 3], Take(3).Select(job => job.Specification.Seed));
        Assert.True(_line.IsEmpty);
    }

    [Fact]
    public void Add_ManyFlowsComeAndGo_AreForgotten()
    {
        for (var flow = 0; flow < 10_000; flow++)
        {
            Add(new ImageFlow("flood", 1), 10);
            Add(new ImageFlow($"key {flow}", 1), 1);
            Take(11);
        }

        Assert.InRange(_line.Flows, 1, 100);
    }

    [Fact]
    public void RemoveAll_SomeMatch_KeepsTheOthersAndCounts()
    {
        Add(Light, 3);
        Add(Heavy, 3);

        Assert.Equal(3, _line.RemoveAll(job => job.Flow == Light));

        Assert.Equal(3, _line.Count);
        Assert.All(_line.TakeAll(), job => Assert.Equal(Heavy, job.Flow));
        Assert.True(_line.IsEmpty);
    }

    private void Add(ImageFlow flow, int images, ImageSpecification? image = null)
    {
        for (var count = 0; count < images; count++)
        {
            _line.Add(Jobs.At(_clock, image, flow: flow));
        }
    }

    private List<InferenceJob> Take(int images) => [.. Enumerable.Range(0, images).Select(_ => _line.Take())];
}
