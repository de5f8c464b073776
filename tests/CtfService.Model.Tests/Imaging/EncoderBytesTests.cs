using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

/// <summary>
/// The bytes that this version's encoders make. "The same request gives the same file" holds within a version of the program: if a new image library fails this
/// test, raise Version in Directory.Build.props, which files and ETags name, and then renew the hashes.
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

    /// <summary>A channel that rises once, twice and three times as fast to the right as downwards, over and over.</summary>
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

/// <summary>Skipped on other processors: the encoders' compression chooses by what they can do.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class EncoderTheoryAttribute : TheoryAttribute
{
    public EncoderTheoryAttribute() => Skip = Avx2.X64.IsSupported ? null : "The hashes are those of processors with AVX2.";
}
