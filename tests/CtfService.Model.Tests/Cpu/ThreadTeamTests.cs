using System.Collections.Concurrent;
using System.Diagnostics;
using CtfService.Model.Cpu.Threads;

namespace CtfService.Model.Tests.Cpu;

public sealed class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ManySteps_EveryThreadMeetsTheOthers(int threads)
    {
        using var team = new ThreadTeam(threads, givesWay: false);
        var arrived = new int[20];
        var complete = 0;
        var work = new Work(thread =>
        {
            for (var i = 0; i < arrived.Length; i++)
            {
                Interlocked.Increment(ref arrived[i]);
                team.Meet(thread);
                Interlocked.Add(ref complete, arrived[i] == threads ? 1 : 0);
                team.Meet(thread);
            }
        });

        for (var step = 0; step < 50; step++)
        {
            Array.Clear(arrived);
            complete = 0;
            team.Run(work);
            Assert.Equal(threads * arrived.Length, complete);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Run_OneThreadFails_CallerGetsItsExceptionAndTheTeamGoesOn(int failing)
    {
        using var team = new ThreadTeam(3, givesWay: false);
        var finished = 0;

        var error = Assert.Throws<InvalidOperationException>(() => team.Run(new Work(thread =>
        {
            if (thread == failing)
            {
                throw new InvalidOperationException("broken");
            }

            team.Meet(thread);
        })));
        team.Run(new Work(thread =>
        {
            team.Meet(thread);
            Interlocked.Increment(ref finished);
        }));

        Assert.Equal("broken", error.Message);
        Assert.Equal(3, finished);
    }

    [Fact]
    public void Run_TeamHasEnded_IsRefusedInPlaceOfWaitingForEver()
    {
        var team = new ThreadTeam(2);
        team.Dispose();

        Assert.Throws<ObjectDisposedException>(() => team.Run(new Work(_ => { })));
    }

    [Fact]
    public void Run_PartnerComesLate_NextRunGoesWithoutIt()
    {
        using var team = new ThreadTeam(2);
        team.Run(new Work(thread => Busy(thread == 0 ? 0 : 100)));
        var seen = new ConcurrentBag<int>();

        team.Run(new Work(thread =>
        {
            seen.Add(thread);
            team.Meet(thread);
        }));

        Assert.Equal([0], seen);
    }

    [Fact]
    public void Run_PartnerRestedLongEnough_ComesBack()
    {
        using var team = new ThreadTeam(2);
        team.Run(new Work(thread => Busy(thread == 0 ? 0 : 100)));
        Busy((int)(2 * TeamSize.ShortestRest * 1000 / Stopwatch.Frequency));
        var seen = new ConcurrentBag<int>();

        team.Run(new Work(seen.Add));

        Assert.Equal([0, 1], seen.Order());
    }

    /// <summary>Takes the thread's core for so long, as another program would.</summary>
    private static void Busy(int milliseconds)
    {
        for (var until = Stopwatch.GetTimestamp() + (milliseconds * Stopwatch.Frequency / 1000); Stopwatch.GetTimestamp() < until;)
        {
            Thread.SpinWait(10);
        }
    }

    private sealed class Work(Action<int> run) : ITeamWork
    {
        public void Run(int thread) => run(thread);
    }
}
