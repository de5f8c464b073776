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
        using var team = new ThreadTeam(threads);
        var arrived = new int[20];
        var complete = 0;
        var work = new Work(_ =>
        {
            for (var i = 0; i < arrived.Length; i++)
            {
                Interlocked.Increment(ref arrived[i]);
                team.Meet();
                Interlocked.Add(ref complete, arrived[i] == threads ? 1 : 0);
                team.Meet();
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
        using var team = new ThreadTeam(3);
        var finished = 0;

        var error = Assert.Throws<InvalidOperationException>(() => team.Run(new Work(thread =>
        {
            if (thread == failing)
            {
                throw new InvalidOperationException("broken");
            }

            team.Meet();
        })));
        team.Run(new Work(_ =>
        {
            team.Meet();
            Interlocked.Increment(ref finished);
        }));

        Assert.Equal("broken", error.Message);
        Assert.Equal(3, finished);
    }

    private sealed class Work(Action<int> run) : ITeamWork
    {
        public void Run(int thread) => run(thread);
    }
}
