using CtfService.Training.Classification;

namespace CtfService.Training.Tests.Classification;

public sealed class ClassifierReportTests
{
    [Fact]
    public void Of_SomeMistakes_CountsThemByClassAndPair()
    {
        var report = ClassifierReport.Of(["a", "b", "c"], actual: [0, 0, 0, 0, 2, 2], predicted: [0, 2, 2, 1, 2, 2]);

        Assert.Equal(6, report.Images);
        Assert.Equal(0.5, report.Accuracy);
        Assert.Equal([new ClassAccuracy("a", 4, 0.25), new ClassAccuracy("c", 2, 1)], report.Classes);
        Assert.Equal([new Confusion("a", "c", 2), new Confusion("a", "b", 1)], report.Confusions);
    }
}
