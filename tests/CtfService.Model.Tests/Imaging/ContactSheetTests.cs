using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

public sealed class ContactSheetTests
{
    private const byte White = byte.MaxValue;

    [Fact]
    public void Compose_ThreeImagesInTwoColumns_ArrangesThemInReadingOrder()
    {
        var sheet = ContactSheet.Compose([Grey(1), Grey(2), Grey(3)], columns: 2, gap: 1);

        Assert.Equal((3, 3), (sheet.Width, sheet.Height));
        byte[] expected =
        [
            1, White, 2,
            White, White, White,
            3, White, White,
        ];
        Assert.Equal(expected.SelectMany(level => new[] { level, level, level }), sheet.Pixels);
    }

    [Fact]
    public void Compose_FewerImagesThanColumns_HasNoEmptyColumns()
    {
        var sheet = ContactSheet.Compose([Grey(1), Grey(2)], columns: 5, gap: 0);

        Assert.Equal((2, 1), (sheet.Width, sheet.Height));
    }

    [Fact]
    public void Compose_ImagesOfDifferentSize_NamesTheOddOne()
    {
        var odd = new RgbImage(2, 1, new byte[6]);

        var error = Assert.Throws<ArgumentException>(() => ContactSheet.Compose([Grey(1), odd], columns: 2));

        Assert.Contains("Image 1 is 2x1, but the first is 1x1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compose_NoImages_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ContactSheet.Compose([], columns: 1));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 2)]
    [InlineData(5, 3)]
    [InlineData(16, 4)]
    public void Columns_Count_MakesANearlySquareSheet(int images, int expected)
    {
        Assert.Equal(expected, ContactSheet.Columns(images));
    }

    private static RgbImage Grey(byte level) => new(1, 1, [level, level, level]);
}
