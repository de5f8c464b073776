using CtfService.Core.Generation;

namespace CtfService.Core.Tests.Generation;

public sealed class EditMaskTests
{
    [Fact]
    public void Cells_OnePixelInACell_MarksThatCellAlone()
    {
        var edited = new bool[8 * 4];
        edited[(3 * 8) + 5] = true;

        var cells = new EditMask(8, 4, edited).Cells(gridWidth: 4, gridHeight: 2);

        Assert.Equal([false, false, false, false, false, false, true, false], cells);
    }

    [Fact]
    public void Cells_GridThatDoesNotDivideTheMask_Throws() =>
        Assert.Contains("8x4", Assert.Throws<ArgumentException>(() => new EditMask(8, 4, new bool[32]).Cells(3, 2)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void FromRuns_OfToRuns_GivesTheMask(int seed)
    {
        var random = new Random(seed);
        bool[] edited = [.. Enumerable.Range(0, 35).Select(_ => random.Next(2) == 0)];
        edited[0] = seed == 1;

        var mask = EditMask.FromRuns(7, 5, new EditMask(7, 5, edited).ToRuns());

        Assert.Equal(edited, mask.Edited.ToArray());
        Assert.Equal(edited.Count(isEdited => isEdited), mask.EditedCount);
    }

    [Fact]
    public void ToRuns_FirstPixelEdited_StartsWithZero()
    {
        Assert.Equal([0, 2, 1, 1], new EditMask(2, 2, [true, true, false, true]).ToRuns());
        Assert.Equal([4], new EditMask(2, 2, new bool[4]).ToRuns());
    }

    [Fact]
    public void IsEmptyAndIsFull_TellTheExtremes()
    {
        var (empty, full, part) = (new EditMask(2, 1, [false, false]), new EditMask(2, 1, [true, true]), new EditMask(2, 1, [true, false]));

        Assert.Equal((true, false, false), (empty.IsEmpty, full.IsEmpty, part.IsEmpty));
        Assert.Equal((false, true, false), (empty.IsFull, full.IsFull, part.IsFull));
    }

    [Fact]
    public void FromRuns_RunsOfAnotherSize_Throws()
    {
        Assert.Throws<ArgumentException>(() => EditMask.FromRuns(2, 2, [3]));
        Assert.Throws<ArgumentException>(() => EditMask.FromRuns(2, 2, [5, -1]));
        Assert.Throws<ArgumentException>(() => EditMask.FromRuns(2, 2, [int.MaxValue, int.MaxValue]));
        Assert.Throws<ArgumentException>(() => new EditMask(2, 2, [true]));
    }
}
