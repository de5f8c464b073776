using CtfService.Cli.Commands.Bench;

namespace CtfService.Cli.Tests.Commands.Bench;

/// <summary>Compares the model with formulas of queueing theory and with cases that can be computed by hand.</summary>
public sealed class QueueModelTests
{
    [Fact]
    public void Run_OneImage_TakesItsStepsAndTheLaterStages()
    {
        var plan = new QueuePlan(Replicas: 1, Devices: 2, Steps: 3, StepSeconds: [0.1, 0.4], LaterSeconds: 0.05);

        Assert.Equal(0.35, Assert.Single(new QueueModel(plan).Run([7])), precision: 9);
    }

    [Fact]
    public void Run_ImageDuringAStep_JoinsAtTheNextAndMakesItLonger()
    {
        var plan = new QueuePlan(Replicas: 1, Devices: 1, Steps: 3, StepSeconds: [0.1, 0.4]);

        var latencies = new QueueModel(plan).Run([0, 0.05]);

        Assert.Equal(0.1 + 0.4 + 0.4, latencies[0], precision: 9);
        Assert.Equal(0.05 + 0.4 + 0.4 + 0.1, latencies[1], precision: 9);
    }

    [Fact]
    public void Run_ImagesAtOnce_SpreadOverTheDevices()
    {
        var plan = new QueuePlan(Replicas: 1, Devices: 2, Steps: 1, StepSeconds: [1, 5]);

        Assert.Equal([1, 1], new QueueModel(plan).Run([0, 0]));
    }

    [Fact]
    public void Run_SeveralReplicas_EachImageGoesToTheOneWithTheFewest()
    {
        var plan = new QueuePlan(Replicas: 3, Devices: 1, Steps: 1, StepSeconds: [1]);

        Assert.Equal([1, 1, 1, 1.5], new QueueModel(plan).Run([0, 0, 0, 0.5]).Order());
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.6)]
    [InlineData(0.9)]
    public void Run_OneImageAtATime_WaitsAsInAQueueWithFixedServiceTimes(double load)
    {
        var plan = new QueuePlan(Replicas: 1, Devices: 1, Steps: 1, StepSeconds: [1]);

        var wait = Mean(plan, load) - 1;

        Assert.Equal(1, wait / (load / (2 * (1 - load))), tolerance: 0.1); // M/D/1: Pollaczek and Khinchine
    }

    [Theory]
    [InlineData(2, 0.7)]
    [InlineData(4, 0.9)]
    [InlineData(8, 0.9)]
    public void Run_SeveralDevices_WaitsAboutHalfAsLongAsWithRandomServiceTimes(int devices, double load)
    {
        var plan = new QueuePlan(Replicas: 1, devices, Steps: 1, StepSeconds: [1]);

        var wait = Mean(plan, load) - 1;

        var random = ErlangC(devices, load) / (devices * (1 - load)); // M/M/c
        var corrected = 1 + ((1 - load) * (devices - 1) * (Math.Sqrt(4 + (5 * devices)) - 2) / (16 * devices * load)); // M/D/c: Cosmetatos 1975
        Assert.Equal(1, wait / (random * corrected / 2), tolerance: 0.1);
    }

    private static double Mean(QueuePlan plan, double load) =>
        new QueueModel(plan).Run(ArrivalClock.Poisson(200_000, load * plan.Capacity, seed: 1)).Average();

    /// <summary>Probability that an image waits.</summary>
    private static double ErlangC(int servers, double load)
    {
        var (blocked, offered) = (1.0, servers * load);
        for (var server = 1; server <= servers; server++)
        {
            blocked = offered * blocked / (server + (offered * blocked)); // Erlang B
        }

        return blocked / (1 - (load * (1 - blocked)));
    }
}
