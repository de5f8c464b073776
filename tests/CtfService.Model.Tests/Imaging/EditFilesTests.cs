using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Imaging;

public sealed class EditFilesTests
{
    private const int Side = 8;

    private static readonly byte[] Grey = Opaque(Side, Side, ImageFormat.Png);

    [Fact]
    public void Read_PictureAndMask_EditsTheTransparentPixelsOfTheMask()
    {
        var edit = Read(Grey, PngPicture.Mask(Side, Side, (x, y) => x < 3 && y < 2));

        Assert.Equal(Enumerable.Range(0, Side * Side).Select(place => place % Side < 3 && place / Side < 2), edit.Mask.Edited.ToArray());
        Assert.Equal(ImageCodec.Decode(Grey).Pixels, edit.Picture.Pixels);
    }

    [Fact]
    public void Read_TransparentPictureWithMask_IsBlendedWithWhite()
    {
        var edit = Read(PngPicture.Of(Side, Side, (_, _) => (0, 0, 0, 0)), PngPicture.Mask(Side, Side, (x, _) => x == 0));

        Assert.All(edit.Picture.Pixels, value => Assert.Equal(255, value));
        Assert.Equal(Side, edit.Mask.EditedCount);
    }

    [Fact]
    public void Read_TransparentBorderWithoutMask_EditsTheBorderAndHidesItsColours()
    {
        var edit = Read(PngPicture.Of(Side * 4, Side * 4, (x, y) => x is >= 8 and < 24 && y is >= 8 and < 24 ? (100, 100, 100, 255) : (0, 255, 0, 0)));

        Assert.Equal(
            Enumerable.Range(0, Side * Side).Select(place => place % Side is < 2 or >= 6 || place / Side is < 2 or >= 6), edit.Mask.Edited.ToArray());
        Assert.All(edit.Picture.Pixels, value => Assert.Equal(100, value));
    }

    [Fact]
    public void Read_EverythingTransparent_HasAFullMask()
    {
        Assert.True(Read(Grey, PngPicture.Mask(Side, Side, (_, _) => true)).Mask.IsFull);
        Assert.True(Read(PngPicture.Mask(20, 30, (_, _) => true)).Mask.IsFull);
    }

    [Fact]
    public void Read_RotatedPictureAndMask_AreComparedUpright()
    {
        var turned = ExifFiles.WithOrientation(Opaque(48, 32, ImageFormat.Jpeg), ImageFormat.Jpeg, 6); // shown as 32x48
        var mask = PngPicture.Mask(32, 48, (x, y) => x < 4 && y is >= 36 and < 40);
        var turnedMask = ExifFiles.PngWithOrientation(PngPicture.Mask(48, 32, (x, _) => x >= 32), 6, "IDAT"); // the bottom rows when upright

        Assert.True(Read(turned, mask).Mask.Edited[7 * Side]);
        Assert.Equal(
            Enumerable.Range(0, Side * Side).Select(place => place / Side >= 6), // of 48 rows, 8 are cropped at the top and 8 at the bottom
            Read(turned, turnedMask).Mask.Edited.ToArray());
    }

    public static TheoryData<byte[], byte[]?, EditFile, string, string> Refused => new()
    {
        { [], null, EditFile.Picture, "invalid_image", "not a PNG, JPEG or WebP" },
        { "text"u8.ToArray(), PngPicture.Mask(8, 8, (_, _) => true), EditFile.Picture, "invalid_image", "The picture cannot be read" },
        { Grey, "text"u8.ToArray(), EditFile.Mask, "invalid_mask", "The mask cannot be read" },
        { Grey, PngPicture.Mask(40, 40, (x, _) => x > 3)[..^60], EditFile.Mask, "mask_size_mismatch", "40x40" },
        { Grey, PngPicture.Mask(9, 8, (_, _) => true), EditFile.Mask, "mask_size_mismatch", "The mask is 9x8 pixels and the picture 8x8" },
        { Grey, PngPicture.Mask(8, 8, (_, _) => false), EditFile.Mask, "mask_opaque", "no transparent pixels. The transparent pixels are what is edited" },
        { Grey, Grey, EditFile.Mask, "mask_opaque", "no alpha channel at all" },
        { Grey, Opaque(8, 8, ImageFormat.Jpeg), EditFile.Mask, "mask_opaque", "no alpha channel at all" },
        { Grey, null, EditFile.Mask, "mask_required", "no alpha channel at all" },
        { PngPicture.Mask(8, 8, (_, _) => false), null, EditFile.Mask, "mask_required", "the picture has no transparent pixels, so" },
        { Opaque(24, 8, ImageFormat.Webp), PngPicture.Mask(24, 8, (x, _) => x < 8), EditFile.Mask, "mask_cropped", "cover 8x8 pixels" },
        { PngPicture.Mask(24, 8, (x, _) => x >= 16), null, EditFile.Picture, "mask_cropped", "cut off" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Read_FilesDoNotSayWhatToEdit_NamesFileProblemAndRemedy(byte[] picture, byte[]? mask, EditFile file, string code, string hint)
    {
        var refused = Assert.Throws<EditFileException>(() => Read(picture, mask));

        Assert.Equal((file, code), (refused.File, refused.Code));
        Assert.Contains(hint, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MaskOfEveryKindWithAlpha_IsUnderstood()
    {
        var expected = Read(Grey, PngPicture.Mask(Side, Side, (x, _) => x < 4)).Mask.ToRuns();
        var half = Enumerable.Range(0, Side * Side).Select(place => place % Side < 4).ToArray();

        byte[][] masks =
        [
            PngPicture.Encode(Side, Side, PngPicture.GreyAlpha, 8, [.. half.SelectMany(edited => (byte[])[50, edited ? (byte)0 : (byte)255])]),
            PngPicture.Encode(Side, Side, PngPicture.Rgba, 16, [.. half.SelectMany(edited => (byte[])[1, 2, 3, 4, 5, 6, edited ? (byte)0 : (byte)255, 255])]),
            PngPicture.Encode(
                Side, Side, PngPicture.Palette, 8, [.. half.Select(edited => edited ? (byte)0 : (byte)1)], ("PLTE", [9, 9, 9, 7, 7, 7]), ("tRNS", [0])),
            PngPicture.Encode(Side, Side, PngPicture.Palette, 1, [.. Enumerable.Repeat((byte)0x0F, Side)], ("PLTE", [9, 9, 9, 7, 7, 7]), ("tRNS", [0])),
            WebpPicture.WithAlpha(Opaque(Side, Side, ImageFormat.Webp), Side, Side, [.. half.Select(edited => edited ? (byte)127 : (byte)128)]),
            PngPicture.Encode(Side, Side, PngPicture.Grey, 8, [.. half.Select(edited => edited ? (byte)3 : (byte)4)], ("tRNS", [0, 3])),
        ];

        Assert.All(masks, mask => Assert.Equal(expected, Read(Grey, mask).Mask.ToRuns()));
    }

    private static LayoutSource.Edited Read(byte[] picture, byte[]? mask = null) =>
        EditFiles.Read(() => new MemoryStream(picture), mask is null ? null : () => new MemoryStream(mask), Side, Side);

    private static byte[] Opaque(int width, int height, ImageFormat format) =>
        ImageCodec.Encode(new RgbImage(width, height, [.. Enumerable.Repeat((byte)128, width * height * 3)]), format);
}
