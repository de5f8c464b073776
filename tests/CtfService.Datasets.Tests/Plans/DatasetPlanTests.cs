using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Tests.Plans;

public sealed class DatasetPlanTests
{
    private static readonly DatasetPlan Plan = FakeDataset.Plan();

    [Fact]
    public void Problems_OfAValidPlan_AreNone()
    {
        Assert.Empty(Plan.Problems(classes: 5));
    }

    [Fact]
    public void Problems_ValuesOutOfRange_NameEveryField()
    {
        var plan = Plan with
        {
            Counts = [0, -1],
            Quality = 101,
            ShardSize = 0,
            Name = "a.b",
            Filter = new ImageFilter("hash", MinProbability: 1.5),
            Coarse = new SamplingSettings(Temperature: -1),
        };

        var problems = string.Join('\n', plan.Problems(classes: 5));

        Assert.All(
            [
                "counts has 2 numbers, expected 5", "counts has the number -1", "quality is 101", "shard_size is 0", "name is 'a.b'",
                "filter.min_probability is 1.5", "coarse.temperature is -1",
            ],
            problem => Assert.Contains(problem, problems, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 0, "counts adds up to 0 images, expected 1 to 10000000")]
    [InlineData(int.MaxValue, int.MaxValue, "counts adds up to 4294967294 images")]
    public void Problems_TotalOutOfRange_SayTheTotal(int first, int second, string problem)
    {
        Assert.StartsWith(problem, Assert.Single((Plan with { Counts = [first, second] }).Problems(classes: 2)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData("a/b")]
    [InlineData("a\n")]
    public void Problems_NameThatIsNoFileNameOrKey_AreReported(string name)
    {
        Assert.Single((Plan with { Name = name }).Problems(classes: 5));
    }

    [Fact]
    public void Json_OfAPlan_ReadsBack()
    {
        var plan = Plan with { ImageFormat = ImageFormat.Webp, Quality = 80, Filter = new ImageFilter("hash", 0.9), Coarse = new SamplingSettings(0.5f, 3) };

        var read = DatasetJson.ParsePlan(DatasetJson.Serialize(plan));

        Assert.Equal(DatasetJson.Serialize(plan), DatasetJson.Serialize(read));
        Assert.Equal(plan, read with { Counts = plan.Counts });
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"format\": 2}")]
    public void ParsePlan_OtherJson_IsRefused(string json)
    {
        Assert.Throws<JsonException>(() => DatasetJson.ParsePlan(json));
    }
}
