using System.Collections.Concurrent;
using System.Diagnostics;
using CtfService.Model.Cpu.Runtime;

namespace CtfService.Model.Tests.Cpu.Runtime;

public sealed class ComputeThreadPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ManyBarriers_EveryThreadWaitsForAllOthers(int threads)
    {
        using var pool = new ComputeThreadPool(threads, adaptive: false);
        var arrived = new int[20];
        var complete = 0;
        var work = new Work(thread =>
        {
            for (var i = 0; i < arrived.Length; i++)
            {
                Interlocked.Increment(ref arrived[i]);
                pool.WaitAtBarrier(thread);
                Interlocked.Add(ref complete, arrived[i] == threads ? 1 : 0);
                pool.WaitAtBarrier(thread);
            }
        });

        for (var step = 0; step < 50; step++)
        {
            Array.Clear(arrived);
            complete = 0;
            pool.Run(work);
            Assert.Equal(threads * arrived.Length, complete);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_OneThreadFails_RethrowsItsExceptionAndStaysUsable(int failing)
    {
        using var pool = new ComputeThreadPool(3, adaptive: false);
        var finished = 0;

        var error = Assert.Throws<InvalidOperationException>(() => pool.Run(new Work(thread =>
        {
            if (thread == failing)
            {
                throw new InvalidOperationException("broken");
            }

            pool.WaitAtBarrier(thread);
        })));
        pool.Run(new Work(thread =>
        {
            pool.WaitAtBarrier(thread);
            Interlocked.Increment(ref finished);
        }));

        Assert.Equal("broken", error.Message);
        Assert.Equal(3, finished);
    }

    [Fact]
    public void Run_PoolIsDisposed_Throws()
    {
        var pool = new ComputeThreadPool(2);
        pool.Dispose();

        Assert.Throws<ObjectDisposedException>(() => pool.Run(new Work(_ => { })));
    }

    [Fact]
    public void Run_OtherThreadWasDelayed_NextRunUsesOneThread()
    {
        using var pool = new ComputeThreadPool(2);
        pool.Run(new Work(thread => Busy(thread == 0 ? 0 : 100)));
        var seen = new ConcurrentBag<int>();

        pool.Run(new Work(thread =>
        {
            seen.Add(thread);
            pool.WaitAtBarrier(thread);
        }));

        Assert.Equal([0], seen);
    }

    [Fact]
    public void Run_BackoffIsOver_UsesAllThreadsAgain()
    {
        using var pool = new ComputeThreadPool(2);
        pool.Run(new Work(thread => Busy(thread == 0 ? 0 : 100)));
        Busy((int)(2 * AdaptiveThreadCount.InitialBackoff * 1000 / Stopwatch.Frequency));
        var seen = new ConcurrentBag<int>();

        pool.Run(new Work(seen.Add));

        Assert.Equal([0, 1], seen.Order());
    }

    /// <summary>Keeps the thread busy, as another program on its core would.</summary>
    private static void Busy(int milliseconds)
    {
        for (var until = Stopwatch.GetTimestamp() + (milliseconds * Stopwatch.Frequency / 1000); Stopwatch.GetTimestamp() < until;)
        {
            Thread.SpinWait(10);
        }
    }

    private sealed class Work(Action<int> run) : IParallelRegion
    {
        public void Run(int thread) => run(thread);
    }
}
