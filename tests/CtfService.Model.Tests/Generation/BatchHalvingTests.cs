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

        var halved = BatchHalving.Run([.. Enumerable.Range(0, items)], batch => Run(batch, room, done), (_, _) => Assert.Fail("Every item fits."));

        Assert.Equal(Enumerable.Range(0, items), done);
        Assert.Equal(halvings, halved);
    }

    [Fact]
    public void Run_OneItemNeverFits_FailsItAndRunsTheOthers()
    {
        var (done, givenUp) = (new List<int>(), new List<(int Item, Exception Fault)>());

        BatchHalving.Run([.. Enumerable.Range(0, 7)], batch => Run(batch, batch.Contains(4) ? 0 : 7, done), (item, fault) => givenUp.Add((item, fault)));

        Assert.Equal([0, 1, 2, 3, 5, 6], done);
        Assert.Equal(4, Assert.Single(givenUp).Item);
        Assert.Equal("CUDA out of memory. 1 at once", givenUp[0].Fault.Message);
    }

    [Fact]
    public void Run_OtherException_IsRethrown() =>
        Assert.Throws<InvalidOperationException>(() => BatchHalving.Run<int>([1, 2], _ => throw new InvalidOperationException(), (_, _) => { }));

    private static void Run(IReadOnlyList<int> batch, int room, List<int> done)
    {
        if (batch.Count > room)
        {
            throw new Win32Exception(0, $"CUDA out of memory. {batch.Count} at once");
        }

        done.AddRange(batch);
    }
}
