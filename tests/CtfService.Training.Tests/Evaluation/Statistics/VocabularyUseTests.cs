using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class VocabularyUseTests
{
    [Fact]
    public void Of_EvenUse_HasThePerplexityOfTheirNumber()
    {
        var use = VocabularyUse.Of([5, 0, 5, 5, 0, 5]);

        Assert.Equal((6, 4), (use.Vocabulary, use.Used));
        Assert.Equal(4, use.Perplexity, 1e-12);
    }

    [Fact]
    public void Of_UnevenUse_IsTheClosedForm()
    {
        Assert.Equal(Math.Exp((0.75 * Math.Log(4 / 3.0)) + (0.25 * Math.Log(4))), VocabularyUse.Of([3, 1]).Perplexity, 1e-12);
    }

    [Fact]
    public void Count_Labels_CountsEach()
    {
        Assert.Equal([1, 0, 2], VocabularyUse.Count([2, 0, 2], vocabulary: 3));
    }
}
