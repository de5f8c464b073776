using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

/// <summary>
/// Pins the bytes that the encoders of this version write. "The same request gives the same file" holds within a version of the program: if a new image library
/// fails this test, increase Version in Directory.Build.props, which files and ETags contain, and then update the hashes.
/// </summary>
public sealed class EncoderBytesTests
{
    [EncoderTheory]
    [InlineData(ImageFormat.Png, 90, "8793a4c28b7b1baa")]
    [InlineData(ImageFormat.Jpeg, 90, "e677a56500617ba9")]
    [InlineData(ImageFormat.Webp, 90, "b160ae46ef69a6da")]
    [InlineData(ImageFormat.Webp, 100, "4175270139df70a3")] // lossless: another encoder
    public void Encode_KnownImage_GivesTheBytesOfThisVersion(ImageFormat format, int quality, string hash)
    {
        var file = ImageCodec.Encode(Gradients(517, 389), format, quality);

        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(file))[..16]);
    }

    /// <summary>Creates a repeating gradient, whose channels rise to the right one, two and three times as fast as downwards.</summary>
    private static RgbImage Gradients(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y, channel) = (i / 3 % width, i / 3 / width, i % 3);
            pixels[i] = (byte)((x * (channel + 1)) + y);
        }

        return new RgbImage(width, height, pixels);
    }
}

/// <summary>A theory that is skipped on other processors, because the compression depends on their instruction sets.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EncoderTheoryAttribute : TheoryAttribute
{
    public EncoderTheoryAttribute() => Skip = Avx2.X64.IsSupported ? null : "The hashes are those of processors with AVX2.";
}
