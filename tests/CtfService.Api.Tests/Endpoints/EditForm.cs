using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>The form of an edit, as a client sends it.</summary>
internal static class EditForm
{
    /// <summary>A grey picture of the fake model's size.</summary>
    public static byte[] Picture { get; } = Opaque(8, 8, ImageFormat.Png);

    /// <summary>A mask whose left half is edited.</summary>
    public static byte[] LeftHalf { get; } = PngPicture.Mask(8, 8, (x, _) => x < 4);

    public static byte[] Opaque(int width, int height, ImageFormat format) =>
        ImageCodec.Encode(new RgbImage(width, height, [.. Enumerable.Repeat((byte)200, width * height * 3)]), format);

    /// <param name="mask">Null for no mask.</param>
    public static MultipartFormDataContent Of(byte[] picture, byte[]? mask, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent { { new ByteArrayContent(picture), "image", "picture.png" } };
        if (mask is not null)
        {
            form.Add(new ByteArrayContent(mask), "mask", "mask.png");
        }

        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        return form;
    }
}
