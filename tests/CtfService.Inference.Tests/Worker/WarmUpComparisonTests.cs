using CtfService.Core.Models;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace CtfService.Inference.Tests.Worker;

/// <summary>A model whose warm-up image is not what its bundle records never becomes ready. One that will be slow is named in the log.</summary>
public sealed class WarmUpComparisonTests
{
    [Fact]
    public async Task Start_WarmUpImageIsAsRecorded_BecomesReady()
    {
        var host = new WorkerHost(options: null, Expecting(image => image));
        await host.StartAsync();

        Assert.IsType<ModelStatus.Ready>(host.Current);
        await host.StopAsync();
    }

    [Theory]
    [InlineData("coarse labels (coarse stage)")]
    [InlineData("tokens (fine stage)")]
    [InlineData("pixels (VQ decode)")]
    public async Task Start_WarmUpImageIsWrong_FailsWithTheStageAndFreesTheModel(string stage)
    {
        var other = new string('0', 64);
        var factory = Expecting(image => stage switch
        {
            "coarse labels (coarse stage)" => image with { Labels = other, Pixels = other },
            "tokens (fine stage)" => image with { Tokens = other },
            _ => image with { Pixels = other },
        });
        var host = new WorkerHost(options: null, factory);
        await host.StartAsync();

        var reason = Assert.IsType<ModelStatus.Failed>(host.Current).Reason;
        Assert.Contains(stage, reason, StringComparison.Ordinal);
        Assert.Contains("ctf expected-image", reason, StringComparison.Ordinal);
        Assert.True(factory.Generator.IsDisposed);
        await Assert.ThrowsAsync<ModelNotReadyException>(() => host.Generate(images: 1));
        await host.StopAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_ProcessorWithoutFusedMultiplyAdd_WarnsThatItIsSlow(bool emulates)
    {
        using var provider = new FakeLoggerProvider();
        using var logs = new LoggerFactory([provider]);
        var model = new FakeImageGeneratorFactory { Generator = new(FakeModels.Fruits with { EmulatesFma = emulates }) };
        var host = new WorkerHost(options: null, new ModelOrigin("first", model), logs);

        await host.StartAsync();
        await host.StopAsync();

        Assert.Equal(emulates ? 1 : 0, provider.Collector.GetSnapshot().Count(line => line is { Level: LogLevel.Warning, Id.Id: EventIds.FmaEmulated }));
    }

    /// <summary>Returns a generator whose bundle records its warm-up image.</summary>
    /// <param name="change">Changes what is recorded.</param>
    private static FakeImageGeneratorFactory Expecting(Func<ExpectedImage, ExpectedImage> change)
    {
        var drawn = new FakeImageGenerator(FakeModels.Fruits).Generate([ExpectedImage.SpecificationOf(FakeModels.Fruits)], CancellationToken.None)[0];
        return new() { Generator = new(FakeModels.Fruits with { Expected = change(ExpectedImage.Of(drawn)) }) };
    }
}
