using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Queue;

/// <summary>
/// Each image takes four decode steps of one second and one second of later stages. The forecast adds a quarter, and a step that may already be running.
/// </summary>
public sealed class QueueWaitForecastTests
{
    private const int Steps = 4;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void UntilStarted_RowsAreFree_IsZero() => Assert.Equal(TimeSpan.Zero, Forecast(drawn: 1, (0, 1)).UntilStarted(1));

    [Theory]
    [InlineData(1, 6)]     // 3 steps and the later stages of the image that ends
    [InlineData(2, 12.25)] // plus 4 steps and the later stages of the first image
    public void UntilStarted_DrawnImages_StartWhenRowsAreFree(int images, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Forecast(drawn: 2, (0, 0), (3, 1)).UntilStarted(images));

    [Fact]
    public void UntilStarted_ImageTakesTwoRows_WaitsForBoth()
    {
        var forecast = new QueueWaitForecast(Second, Steps, laterStages: Second)
        {
            Drawn = 1,
            RowsOfDrawn = 2,
            Layouts = 0,
            CostOfLayout = TimeSpan.Zero,
            StartedLayouts = 0,
            WithoutRows = 0,
        };
        forecast.Release(1, 1);
        forecast.Release(2, 1);

        Assert.Equal(TimeSpan.FromSeconds(7), forecast.UntilStarted(1)); // (2 steps and 2 images) * 1.25, and a step that ends both
    }

    [Theory]
    [InlineData(1, 5)] // the running image and this one
    [InlineData(2, 7.5)]
    public void UntilStarted_LayoutsAlone_RunOneByOne(int images, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Layouts(2, started: 1).UntilStarted(images));

    [Theory]
    [InlineData(1, 6)]   // the layout, with half of the device
    [InlineData(2, 8.5)] // then the drawn image, which has had the other half and now gets the whole device
    public void UntilStarted_BothKinds_ShareTheDevice(int images, double seconds)
    {
        var forecast = Layouts(1, started: 0, drawn: 1);
        forecast.Release(3, 1);

        Assert.Equal(TimeSpan.FromSeconds(seconds), forecast.UntilStarted(images));
    }

    [Fact]
    public void UntilStarted_MoreThanWait_ContinuesAtTheSamePace() =>
        Assert.Equal(TimeSpan.FromSeconds(16), Forecast(drawn: 1, (0, 0), (3, 1)).UntilStarted(3)); // three times 4 s, plus a quarter, plus a step

    [Fact]
    public void UntilStarted_VeryLongQueue_SimulatesItsStartOnly() =>
        Assert.Equal(100 * Forecast(drawn: 100_000, (0, 16)).UntilStarted(1_000), Forecast(drawn: 100_000, (0, 16)).UntilStarted(100_000));

    private static QueueWaitForecast Forecast(int drawn, params (long Step, double Rows)[] releases)
    {
        var forecast = new QueueWaitForecast(Second, Steps, laterStages: Second)
        {
            Drawn = drawn,
            RowsOfDrawn = 1,
            Layouts = 0,
            CostOfLayout = TimeSpan.Zero,
            StartedLayouts = 0,
            WithoutRows = 0,
        };
        foreach (var (step, rows) in releases)
        {
            forecast.Release(step, rows);
        }

        return forecast;
    }

    private static QueueWaitForecast Layouts(int waiting, int started, int drawn = 0) => new(Second, Steps, laterStages: Second)
    {
        Drawn = drawn,
        RowsOfDrawn = 1,
        Layouts = waiting,
        CostOfLayout = 2 * Second,
        StartedLayouts = started,
        WithoutRows = 0,
    };
}
