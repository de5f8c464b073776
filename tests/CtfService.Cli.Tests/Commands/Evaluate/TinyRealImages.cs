using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;

namespace CtfService.Cli.Tests.Commands.Evaluate;

/// <summary>A data set of 16x16 pixels with the classes of the tiny bundle, each with its own brightness, and a classifier trained for two steps.</summary>
internal static class TinyRealImages
{
    public const int TestImagesPerClass = 6;

    public static async Task WriteAsync(string folder, string classifier)
    {
        foreach (var (split, images) in new[] { ("train", 10), ("test", TestImagesPerClass) })
        {
            for (var i = 0; i < images * TinyBundle.Classes; i++)
            {
                var random = new Random((images * 1000) + i);
                byte[] pixels = [.. Enumerable.Range(0, 16 * 16 * 3).Select(_ => (byte)((40 * (i % TinyBundle.Classes)) + random.Next(60)))];
                var path = Path.Combine(folder, split, $"class_{i % TinyBundle.Classes}", $"{i}.png");
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllBytesAsync(path, ImageCodec.Encode(new RgbImage(16, 16, pixels), ImageFormat.Png));
            }
        }

        var trained = await CommandRun.Of(
            "train-classifier", "--data", folder, "--output", classifier, "--image-size", "16", "--steps", "2", "--batch", "8");
        Assert.Equal(0, trained.ExitCode);
    }
}
