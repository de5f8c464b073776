using CtfService.Api.Tests.Endpoints;
using CtfService.Core.Generation;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Picture files that clients send by mistake or to do harm, each of 8x8 pixels if it has a size.</summary>
internal static class OddPictures
{
    private const int Side = 8;

    private static readonly byte[] Png = EditForm.LeftHalf;
    private static readonly byte[] Jpeg = EditForm.Opaque(Side, Side, ImageFormat.Jpeg);
    private static readonly byte[] Webp = EditForm.Opaque(Side, Side, ImageFormat.Webp);
    private static readonly byte[] Pixels = [.. Enumerable.Range(0, Side * Side).Select(place => (byte)(place % 2))];
    private static readonly byte[] Exif = [.. "MM\0*\0\0\0\b\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"u8];

    /// <summary>Files that no request can use: they are no pictures, or cannot be decoded, or have too many pixels.</summary>
    public static IReadOnlyList<(string Name, Func<Random, byte[]> Draw)> Unusable { get; } =
    [
        ("nothing", _ => []),
        ("noise", random => Noise(random, random.Next(1, 2_000))),
        ("text", _ => [.. "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"u8]),
        ("other kind", random => random.Pick<byte[]>([.. "8BPS\0\x01"u8], [.. "BM"u8, .. new byte[60]], [.. "II*\0"u8], [.. "\0\0\0\x1CftypavifX"u8])),
        ("gif", _ => [.. "GIF89a\x08\0\x08\0\0\0\0,\0\0\0\0\x08\0\x08\0\0\x02\x07\x84\x8F\xA9\xCB\xED\x0F\x63\0;"u8]),
        ("cut-off PNG", random => Png[..random.Next(Png.Length - 20)]),
        ("cut-off WebP", random => Webp[..random.Next(Webp.Length - 8)]),
        ("noise after the signature", random => [.. random.Pick(Png, Jpeg, Webp)[..random.Next(4, 12)], .. Noise(random, 300)]),
        ("huge PNG", random => PngPicture.Encode(random.Next(20_000, 60_000), random.Next(20_000, 60_000), PngPicture.Rgba, 8, [])),
        ("huge JPEG", _ => JpegPicture.Of(65_535, 65_535, components: 3)),
        ("huge WebP", _ => WebpPicture.File([.. WebpPicture.Extended(0x10, 1 << 14, 1 << 14), .. Webp[12..]])),
        ("no width", random => random.Next(2) == 0 ? PngPicture.Encode(0, Side, PngPicture.Rgba, 8, []) : JpegPicture.Of(0, Side, components: 3)),
        ("negative width", _ => PngPicture.Encode(-8, Side, PngPicture.Rgba, 8, [])),
        ("unknown color type", random => PngPicture.Encode(Side, Side, (byte)random.Next(7, 256), 8, Pixels)),
        ("unknown bit depth", random => PngPicture.Encode(Side, Side, PngPicture.Rgb, random.Pick<byte>(0, 3, 5, 32, 255), Pixels)),
        ("palette is missing", _ => PngPicture.Encode(Side, Side, PngPicture.Palette, 8, Pixels)),
        ("pixels are missing", random => PngPicture.Encode(Side, Side, PngPicture.Rgba, 8, [.. Pixels.Take(random.Next(40))])),
        ("12 bit JPEG", _ => JpegPicture.Of(Side, Side, components: 3, precision: 12)),
    ];

    /// <summary>Files that some programs write. They may be usable, depending on what the request does with them.</summary>
    public static IReadOnlyList<(string Name, Func<Random, byte[]> Draw)> Unusual { get; } =
    [
        ("changed bytes", random => Changed(random, random.Pick(Png, Jpeg, Webp))),
        ("cut-off JPEG", random => Jpeg[..random.Next(Jpeg.Length)]),
        ("trailing bytes", random => [.. random.Pick(Png, Jpeg, Webp), .. Noise(random, random.Next(200))]),
        ("grey", _ => PngPicture.Encode(Side, Side, PngPicture.Grey, 8, Pixels)),
        ("one bit", _ => PngPicture.Encode(Side, Side, PngPicture.Grey, 1, [.. Pixels.Take(Side)])),
        ("transparent grey", _ => PngPicture.Encode(Side, Side, PngPicture.Grey, 8, Pixels, ("tRNS", [0, 1]))),
        ("16 bit", random => PngPicture.Encode(Side, Side, PngPicture.Rgba, 16, Noise(random, Side * Side * 8))),
        ("palette with transparency", random => PngPicture.Encode(Side, Side, PngPicture.Palette, 8, Pixels, ("PLTE", Noise(random, 6)), ("tRNS", [0, 255]))),
        ("palette is short", random => PngPicture.Encode(Side, Side, PngPicture.Palette, 8, Noise(random, 64), ("PLTE", [1, 2, 3]), ("tRNS", [0, 255, 0]))),
        ("colour profile is damaged", random => PngPicture.Encode(Side, Side, PngPicture.Grey, 8, Pixels, ("iCCP", Noise(random, 90)))),
        ("long texts", _ => PngPicture.Encode(Side, Side, PngPicture.Grey, 8, Pixels, ("tEXt", [.. "CtfService\0"u8, .. new byte[50_000]]))),
        ("EXIF", random => PngPicture.Encode(Side, Side, PngPicture.Grey, 8, Pixels, ("eXIf", random.Next(2) == 0 ? Exif : Changed(random, Exif)))),
        ("animation control", _ => PngPicture.Encode(Side, Side, PngPicture.Grey, 8, Pixels, ("acTL", [0, 0, 0, 9, 0, 0, 0, 0]))),
        ("animated WebP", _ => WebpPicture.Animated(Webp, Side, Side)),
        ("WebP with alpha", random => WebpPicture.WithAlpha(Webp, Side, Side, Noise(random, Side * Side))),
        ("grey JPEG", _ => JpegPicture.Of(Side, Side, components: 1)),
        ("CMYK JPEG", _ => JpegPicture.Of(Side, Side, components: 4)),
        ("arithmetic JPEG", _ => JpegPicture.Of(Side, Side, components: 3, JpegPicture.Arithmetic)),
        ("progressive JPEG", _ => JpegPicture.Of(Side, Side, components: 3, JpegPicture.Progressive)),
        ("other size", random => PngPicture.Mask(random.Next(1, 40), random.Next(1, 40), (x, y) => (x + y) % 2 == 0)),
        ("everything transparent", _ => PngPicture.Mask(Side, Side, (_, _) => true)),
        ("nothing transparent", _ => PngPicture.Mask(Side, Side, (_, _) => false)),
        ("large and empty", _ => PngPicture.Encode(400, 400, PngPicture.Grey, 8, new byte[160_000])),
    ];

    private static byte[] Noise(Random random, int length)
    {
        var noise = new byte[length];
        random.NextBytes(noise);
        return noise;
    }

    private static byte[] Changed(Random random, byte[] file)
    {
        var changed = file.ToArray();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
        }

        return changed;
    }
}
