namespace CtfService.Training.Data;

/// <summary>Limits of the random changes to a training image. The default changes nothing.</summary>
public sealed record Augmentation
{
    public static Augmentation None { get; } = new();

    /// <summary>Whether half of the images are mirrored left to right.</summary>
    public bool HorizontalFlip { get; init; }

    /// <summary>Whether half of the images are mirrored top to bottom.</summary>
    public bool VerticalFlip { get; init; }

    /// <summary>Whether images are rotated by 0, 90, 180 or 270 degrees. Square images only.</summary>
    public bool QuarterTurns { get; init; }

    /// <summary>Largest shift along each axis, pixels; uncovered pixels become white.</summary>
    public int MaxShift { get; init; }

    /// <summary>Largest relative change of brightness, up or down, 0..1.</summary>
    public float MaxBrightness { get; init; }

    /// <summary>Largest standard deviation of a Gaussian blur, pixels; half of the images are not blurred.</summary>
    public float MaxBlur { get; init; }

    /// <summary>Largest standard deviation of Gaussian noise on pixels from 0 to 1; half of the images get no noise.</summary>
    public float MaxNoise { get; init; }

    /// <summary>Draws one change within these limits.</summary>
    internal AugmentationDraw Draw(ref SplitMix64 random) => new()
    {
        // Every number is drawn whether or not it is used, so that enabling one change does not alter the others.
        FlipX = random.NextBool() & HorizontalFlip,
        FlipY = random.NextBool() & VerticalFlip,
        QuarterTurns = random.NextBelow(4) * (QuarterTurns ? 1 : 0),
        ShiftX = random.NextBelow((2 * MaxShift) + 1) - MaxShift,
        ShiftY = random.NextBelow((2 * MaxShift) + 1) - MaxShift,
        Brightness = 1 + (MaxBrightness * random.NextSigned()),
        Blur = Math.Max(0, random.NextSigned()) * MaxBlur,
        Noise = Math.Max(0, random.NextSigned()) * MaxNoise,
        NoiseSeed = random.NextBits(),
    };
}

/// <summary>The change of one image. It is applied in the order of the members.</summary>
public readonly record struct AugmentationDraw
{
    /// <summary>No change.</summary>
    public static AugmentationDraw None { get; } = new() { Brightness = 1 };

    /// <summary>Clockwise quarter turns, 0..3.</summary>
    public int QuarterTurns { get; init; }

    public bool FlipX { get; init; }

    public bool FlipY { get; init; }

    /// <summary>Pixels to the right.</summary>
    public int ShiftX { get; init; }

    /// <summary>Pixels downwards.</summary>
    public int ShiftY { get; init; }

    /// <summary>Factor that pixels from 0 to 1 are multiplied by.</summary>
    public required float Brightness { get; init; }

    /// <summary>Standard deviation of the blur, pixels; 0 for none.</summary>
    public float Blur { get; init; }

    /// <summary>Standard deviation of the noise, for pixels from 0 to 1; 0 for none.</summary>
    public float Noise { get; init; }

    public ulong NoiseSeed { get; init; }
}
