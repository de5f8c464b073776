namespace CtfService.Model.Imaging;

/// <summary>The geometry of scaling a picture so that it covers a target and cropping the rest evenly.</summary>
/// <param name="Source">With <paramref name="Target"/>, the scale as a fraction: source pixels for so many target pixels.</param>
/// <param name="Target">The side of the target that the picture fits exactly.</param>
internal readonly record struct CoverScale(int Source, int Target)
{
    /// <summary>Source pixels per target pixel.</summary>
    public double Value => Source / (double)Target;

    public static CoverScale Of(int sourceWidth, int sourceHeight, int targetWidth, int targetHeight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(targetWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(targetHeight);
        return (long)sourceWidth * targetHeight <= (long)sourceHeight * targetWidth
            ? new CoverScale(sourceWidth, targetWidth)
            : new CoverScale(sourceHeight, targetHeight);
    }

    /// <summary>Returns for each target position of one side the source pixels that it covers, wholly or in part. Exact: computed in integers.</summary>
    public Range[] Covered(int sourceSide, int targetSide)
    {
        var unit = 2L * Target; // positions are fractions with this denominator
        var margin = ((long)sourceSide * Target) - ((long)targetSide * Source);
        var covered = new Range[targetSide];
        for (var target = 0; target < targetSide; target++)
        {
            var start = margin + (2L * target * Source);
            var end = start + (2L * Source);
            covered[target] = (int)(start / unit)..(int)((end + unit - 1) / unit);
        }

        return covered;
    }
}
