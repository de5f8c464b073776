using CtfService.Training.Data;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Data;

public sealed class BatchLoaderTests
{
    private static readonly BatchOptions Options = new()
    {
        BatchSize = 4,
        Seed = 5,
        BalanceClasses = true,
        Augmentation = new() { HorizontalFlip = true, MaxShift = 1 },
    };

    [Fact]
    public void Next_FromAnyStep_ReturnsTheBatchesOfTheSampler()
    {
        var dataset = TemporaryImages.Dataset(4, 10, 20);
        var sampler = new BatchSampler(dataset, Options);
        using var scope = NewDisposeScope();
        using var fromStart = new BatchLoader(dataset, sampler);
        for (var step = 0; step < 6; step++)
        {
            fromStart.Next().Dispose();
        }

        using var resumed = new BatchLoader(dataset, sampler, firstStep: 6);

        for (var step = 6; step < 9; step++)
        {
            var (expected, actual) = (fromStart.Next(), resumed.Next());
            Assert.Equal([4, 3, 4, 4], actual.Pixels.shape);
            Assert.Equal(expected.Pixels.data<float>().ToArray(), actual.Pixels.data<float>().ToArray());
            Assert.Equal(expected.ClassIds.data<long>().ToArray(), actual.ClassIds.data<long>().ToArray());
            Assert.Equal(sampler.Sample(step).Select(item => (long)dataset.ClassIds[item.ImageIndex]), actual.ClassIds.data<long>().ToArray());
        }
    }

    [Fact]
    public void Next_InADisposeScope_BelongsToIt()
    {
        var dataset = TemporaryImages.Dataset(2, 4);
        using var loader = new BatchLoader(dataset, new BatchSampler(dataset, Options));

        ImageBatch batch;
        using (NewDisposeScope())
        {
            batch = loader.Next();
        }

        Assert.True(batch.Pixels.IsInvalid);
        Assert.True(batch.ClassIds.IsInvalid);
    }

    [Fact]
    public void Next_PreparationFails_ThrowsItsException()
    {
        using var loader = new BatchLoader(
            step => step == 1 ? throw new InvalidDataException("step 1") : new PreparedBatch(new float[3], [0], 1, 1), 0, default);

        loader.Next().Dispose();

        Assert.Equal("step 1", Assert.Throws<InvalidDataException>(() => loader.Next()).Message);
    }

    [Fact]
    public void Next_Cancelled_Throws()
    {
        using var stop = new CancellationTokenSource();
        using var loader = new BatchLoader(_ => new PreparedBatch(new float[3], [0], 1, 1), 0, stop.Token);

        stop.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => loader.Next());
    }

    [Fact]
    public void Of_NamedImages_KeepsThemUnchanged()
    {
        using var batch = ImageBatch.Of(TemporaryImages.Dataset(1, 2, 2), [3, 0]);

        Assert.Equal([1L, 0], batch.ClassIds.data<long>().ToArray());
        Assert.Equal((3 / 127.5f) - 1, batch.Pixels[0, 0, 0, 0].item<float>(), 1e-6f);
        Assert.Equal(-1f, batch.Pixels[1, 2, 0, 0].item<float>());
    }
}
