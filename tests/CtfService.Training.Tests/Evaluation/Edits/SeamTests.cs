using CtfService.Core.Generation;
using CtfService.Training.Evaluation.Edits;

namespace CtfService.Training.Tests.Evaluation.Edits;

public sealed class SeamTests
{
    /// <summary>The right half of 4x2 pixels.</summary>
    private static readonly EditMask Right = Mask("..##", "..##");

    [Fact]
    public void MeanGradient_StepAtTheBorder_IsTheStep()
    {
        Assert.Equal(50, new Seam(Right, depths: 1).MeanGradient([Columns(10, 10, 60, 60)]));
    }

    [Fact]
    public void MeanGradient_StepsElsewhere_DoNotCount()
    {
        Assert.Equal(0, new Seam(Right, depths: 1).MeanGradient([Columns(200, 10, 10, 90)]));
    }

    [Fact]
    public void MeanGradient_SeveralDepths_AverageOverThemInsideTheMask()
    {
        Assert.Equal((50 + 10) / 2.0, new Seam(Right, depths: 2).MeanGradient([Columns(200, 10, 60, 50)]));
        Assert.Equal((50 + 10) / 2.0, new Seam(Right, depths: 9).MeanGradient([Columns(200, 10, 60, 50)])); // there are only two
    }

    [Fact]
    public void MeanGradient_Hole_CountsAllFourSides()
    {
        var hole = Mask("...", ".#.", "...");
        var image = new byte[9 * 3];
        image[1 * 3] = 40; // red of the pixel above the hole
        image[5 * 3] = 8; // and of the pixel to its right

        Assert.Equal(48 / (4.0 * 3), new Seam(hole, depths: 1).MeanGradient([image]));
    }

    [Fact]
    public void MeanGradient_SeveralImages_IsTheirMean()
    {
        Assert.Equal(15, new Seam(Right, depths: 1).MeanGradient([Columns(0, 0, 10, 0), Columns(0, 20, 0, 0)]));
    }

    [Fact]
    public void MeanGradient_FullMask_HasNoBorder()
    {
        Assert.Equal(0, new Seam(Mask("##", "##"), depths: 4).MeanGradient([new byte[12]]));
    }

    [Fact]
    public void EditMasks_AreAHoleAHalfAndAFrame()
    {
        var masks = EditMasks.Of(64, 64);

        Assert.Equal(["centre", "left half", "border"], masks.Select(mask => mask.Name));
        Assert.Equal([32 * 32, 32 * 64, (64 * 64) - (48 * 48)], masks.Select(mask => mask.Mask.EditedCount));
        Assert.Equal([false, true, true], masks.Select(mask => mask.Mask.Edited[0]));
        Assert.Equal([true, false, false], masks.Select(mask => mask.Mask.Edited[(32 * 64) + 32]));
    }

    private static EditMask Mask(params string[] rows) => new(rows[0].Length, rows.Length, [.. string.Concat(rows).Select(pixel => pixel == '#')]);

    /// <summary>Returns grey pixels, two rows of four.</summary>
    private static byte[] Columns(params byte[] greys) => [.. greys.Concat(greys).SelectMany(grey => new[] { grey, grey, grey })];
}
