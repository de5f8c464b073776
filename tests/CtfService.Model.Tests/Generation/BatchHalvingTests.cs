using System.ComponentModel;
using CtfService.Model.Generation;

namespace CtfService.Model.Tests.Generation;

public sealed class BatchHalvingTests
{
    [Theory]
    [InlineData(8, 8, 0)]
    [InlineData(8, 4, 1)]
    [InlineData(8, 3, 3)]
    [InlineData(8, 1, 7)]
    [InlineData(5, 2, 2)]
    [InlineData(1, 1, 0)]
    [InlineData(0, 1, 0)]
    public void Run_RoomForSome_RunsEveryItemInOrderWithTheFewestHalvings(int items, int room, int halvings)
    {
        var done = new List<int>();

        var halved = BatchHalving.Run([.. Enumerable.Range(0, items)], batch => Run(batch, room), done.AddRange, (_, _) => Assert.Fail("Every item fits."));

        Assert.Equal(Enumerable.Range(0, items), done);
        Assert.Equal(halvings, halved);
    }

    [Fact]
    public void Run_OneItemNeverFits_FailsItAndRunsTheOthers()
    {
        var (done, givenUp) = (new List<int>(), new List<(int Item, Exception Fault)>());

        BatchHalving.Run(
            [.. Enumerable.Range(0, 7)], batch => Run(batch, batch.Contains(4) ? 0 : 7), done.AddRange, (item, fault) => givenUp.Add((item, fault)));

        Assert.Equal([0, 1, 2, 3, 5, 6], done);
        Assert.Equal(4, Assert.Single(givenUp).Item);
        Assert.Equal("CUDA out of memory. 1 at once", givenUp[0].Fault.Message);
    }

    [Fact]
    public void Run_OneItemThrows_FailsItAloneAndCountsNoHalvingForMemory()
    {
        var (done, failed) = (new List<int>(), new List<int>());

        var halvings = BatchHalving.Run(
            [.. Enumerable.Range(0, 8)],
            batch => _ = batch.Contains(5) ? throw new InvalidOperationException("Item 5 is broken.") : 0,
            done.AddRange,
            (item, fault) => failed.Add(Assert.IsType<InvalidOperationException>(fault) is null ? -1 : item));

        Assert.Equal([0, 1, 2, 3, 4, 6, 7], done);
        Assert.Equal([5], failed);
        Assert.Equal(0, halvings);
    }

    [Fact]
    public void Run_Cancelled_IsRethrownAfterThePartsThatHaveRun()
    {
        var done = new List<int>();

        Assert.Throws<OperationCanceledException>(() => BatchHalving.Run(
            [1, 2],
            batch => throw (batch.Count == 2 ? new InvalidOperationException() : batch[0] == 2 ? new OperationCanceledException() : new TimeoutException()),
            done.AddRange,
            (item, _) => done.Add(-item)));

        Assert.Equal([-1], done);
    }

    private static void Run(IReadOnlyList<int> batch, int room)
    {
        if (batch.Count > room)
        {
            throw new Win32Exception(0, $"CUDA out of memory. {batch.Count} at once");
        }
    }
}
