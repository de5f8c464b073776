using CtfService.Model.Sampling;

namespace CtfService.Model.Tests.Sampling;

public sealed class RadixSelectorTests
{
    public static TheoryData<float[]> Cases => new()
    {
        new[] { 3f },
        new[] { 1f, 1f, 1f },
        new[] { -1f, -2f, 0f, 2f, -0.5f, 2f },
        new[] { float.NegativeInfinity, 1e-40f, -1e-40f, float.MaxValue, float.MinValue, float.PositiveInfinity },
        new[] { 1f, 1.0000001f, 1.0000002f, 0.99999994f }, // equal in all but the last bits
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Find_EveryRank_EqualsSorting(float[] values)
    {
        var selector = new RadixSelector(values.Length);

        for (var rank = 1; rank <= values.Length; rank++)
        {
            Assert.Equal(values.OrderDescending().ElementAt(rank - 1), selector.Find(values, rank));
        }
    }

    [Fact]
    public void Find_RandomNumbersOfAllMagnitudes_EqualsSorting()
    {
        var random = new Random(41);
        var selector = new RadixSelector(5000);
        for (var round = 0; round < 50; round++)
        {
            float[] values =
                [.. Enumerable.Range(0, random.Next(1, 5000)).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-30, 30))))];
            var rank = random.Next(1, values.Length + 1);

            Assert.Equal(values.OrderDescending().ElementAt(rank - 1), selector.Find(values, rank));
        }
    }
}
