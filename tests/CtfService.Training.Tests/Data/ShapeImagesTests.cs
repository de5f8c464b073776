using CtfService.Training.Data;

namespace CtfService.Training.Tests.Data;

public sealed class ShapeImagesTests
{
    [Fact]
    public void Draw_SameArguments_RepeatTheImageAndOthersChangeIt()
    {
        var image = ShapeImages.Draw(0, 0, 16, seed: 1).Pixels;

        Assert.Equal(image, ShapeImages.Draw(0, 0, 16, seed: 1).Pixels);
        Assert.NotEqual(image, ShapeImages.Draw(0, 1, 16, seed: 1).Pixels);
        Assert.NotEqual(image, ShapeImages.Draw(1, 0, 16, seed: 1).Pixels);
        Assert.NotEqual(image, ShapeImages.Draw(0, 0, 16, seed: 2).Pixels);
    }

    [Fact]
    public void Draw_EveryClass_ShowsGroundAndTwoColoursOfTheShape()
    {
        for (var classId = 0; classId < ShapeImages.ClassNames.Count; classId++)
        {
            var pixels = ShapeImages.Draw(classId, 0, 32, seed: 0).Pixels
                .Chunk(3)
                .CountBy(rgb => (rgb[0], rgb[1], rgb[2]))
                .OrderByDescending(colour => colour.Value)
                .ToList();

            Assert.Equal(pixels[0].Key.Item1, pixels[0].Key.Item2); // the most frequent colour is the grey background
            Assert.All(pixels.Skip(1).Take(2), colour => Assert.NotEqual(colour.Key.Item1, colour.Key.Item2));
        }
    }
}
