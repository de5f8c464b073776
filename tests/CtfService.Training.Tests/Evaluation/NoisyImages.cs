using CtfService.Training.Data;

namespace CtfService.Training.Tests.Evaluation;

/// <summary>Data sets of reddish and greenish noise.</summary>
internal static class NoisyImages
{
    public const int Side = 16;

    public static readonly string[] ClassNames = ["red", "green"];

    /// <param name="red">Number of images of the class "red"; their red channel is around <paramref name="brightness"/>, the other channels around 60.</param>
    public static ImageDataset Of(int red, int green, int seed, int brightness = 180)
    {
        var random = new Random(seed);
        return new ImageDataset(Side, Side, ClassNames, [.. Enumerable.Range(0, red + green).Select(i => Image(random, i < red ? 0 : 1, brightness))]);
    }

    private static LabelledImage Image(Random random, int classId, int brightness)
    {
        var shade = random.Next(-20, 21);
        var pixels = Enumerable.Range(0, Side * Side * 3).Select(i => (byte)((i % 3 == classId ? brightness : 60) + shade + random.Next(-20, 21)));
        return new LabelledImage([.. pixels], classId);
    }
}
