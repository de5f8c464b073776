using CtfService.Model.Engines;
using CtfService.Model.Transformer;

namespace CtfService.Model.Tests.Engines;

public sealed class FineEngineChoiceTests
{
    [Theory]
    [InlineData(20, 10, true)]
    [InlineData(12, 10, false)] // within the noise of a measurement
    [InlineData(10, 10, false)]
    [InlineData(10, 20, false)]
    public void Choose_MeasuredTimes_TakesTheOtherOnlyIfItIsClearlyFaster(int ownMilliseconds, int otherMilliseconds, bool takesOther)
    {
        var own = new EmptyEngine();
        var other = new EmptyEngine();

        var chosen = FineEngineChoice.Choose(own, other, engine => TimeSpan.FromMilliseconds(engine == own ? ownMilliseconds : otherMilliseconds));

        Assert.Equal(takesOther, chosen == other);
        Assert.Equal((takesOther, !takesOther), (own.IsDisposed, other.IsDisposed));
    }

    [Fact]
    public void Choose_RealClock_RunsBothOnWholeImages()
    {
        var own = new EmptyEngine();
        var other = new EmptyEngine();

        using var chosen = FineEngineChoice.Choose(own, other);

        Assert.True(own.Images > 1 && own.Images == other.Images);
    }

    private sealed class EmptyEngine : IFineEngine
    {
        public TransformerConfig Config { get; } = new()
        {
            Width = 8,
            Layers = 1,
            Heads = 1,
            InputVocabulary = 3,
            OutputVocabulary = 6,
            ClassCount = 1,
            GridHeight = 2,
            GridWidth = 2,
            Causal = false,
        };

        public int Capacity => 1;

        public int LargestCluster => 2;

        public int Images { get; private set; }

        public bool IsDisposed { get; private set; }

        public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default)
        {
            Assert.Equal((Config.Positions, Config.Positions * Config.Width), (coarseLabels.Length, hidden.Length));
            Images += classIds.Length;
        }

        public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits) =>
            Assert.Equal(coarseLabels.Length * LargestCluster, logits.Length);

        public void Dispose() => IsDisposed = true;
    }
}
