namespace CtfService.Training.Data;

/// <summary>Which random changes a training image may get. The default leaves it as it is.</summary>
public sealed record Augmentation
{
    public static Augmentation None { get; } = new();

    /// <summary>Mirror left and right, half of the time.</summary>
    public bool HorizontalFlip { get; init; }

    /// <summary>Mirror top and bottom, half of the time.</summary>
    public bool VerticalFlip { get; init; }

    /// <summary>Turn by 0, 90, 180 or 270 degrees. Square images only.</summary>
    public bool QuarterTurns { get; init; }

    /// <summary>Largest shift along each axis, pixels; what comes in is white.</summary>
    public int MaxShift { get; init; }

    /// <summary>Pixels (0 to 1) are multiplied by 1 plus at most this, either way; 0..1.</summary>
    public float MaxBrightness { get; init; }

    /// <summary>Largest standard deviation of a Gaussian blur, pixels; half of the images stay sharp.</summary>
    public float MaxBlur { get; init; }

    /// <summary>Largest standard deviation of Gaussian noise on pixels from 0 to 1; half of the images stay clean.</summary>
    public float MaxNoise { get; init; }

    /// <summary>The change that <paramref name="random"/> makes of these limits.</summary>
    internal AugmentationDraw Draw(ref SplitMix64 random) => new()
    {
        // Every number is drawn whether it is used or not, so that switching one change on leaves the others as they were.
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

/// <summary>One image's change, ready to be applied in the order of the members.</summary>
public readonly record struct AugmentationDraw
{
    /// <summary>The image as it is.</summary>
    public static AugmentationDraw None { get; } = new() { Brightness = 1 };

    /// <summary>Clockwise, 0..3.</summary>
    public int QuarterTurns { get; init; }

    public bool FlipX { get; init; }

    public bool FlipY { get; init; }

    /// <summary>Pixels to the right.</summary>
    public int ShiftX { get; init; }

    /// <summary>Pixels downwards.</summary>
    public int ShiftY { get; init; }

    /// <summary>Factor on pixels from 0 to 1.</summary>
    public required float Brightness { get; init; }

    /// <summary>Standard deviation, pixels; 0 is none.</summary>
    public float Blur { get; init; }

    /// <summary>Standard deviation on pixels from 0 to 1; 0 is none.</summary>
    public float Noise { get; init; }

    public ulong NoiseSeed { get; init; }
}
