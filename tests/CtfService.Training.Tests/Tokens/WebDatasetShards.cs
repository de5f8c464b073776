using System.Formats.Tar;
using System.Globalization;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Training.Data;

namespace CtfService.Training.Tests.Tokens;

/// <summary>Writes images as WebDataset shards.</summary>
internal static class WebDatasetShards
{
    /// <summary>Writes <c>split/split-000000.tar</c> and so on, with an image and its class id for each sample.</summary>
    public static void Write(string folder, string split, ImageDataset images, int shards)
    {
        Directory.CreateDirectory(Path.Combine(folder, split));
        for (var shard = 0; shard < shards; shard++)
        {
            using var tar = new TarWriter(File.Create(Path.Combine(folder, split, $"{split}-{shard:D6}.tar")));
            for (var image = shard; image < images.Count; image += shards)
            {
                var png = ImageCodec.Encode(new RgbImage(images.Width, images.Height, images.Images[image]), ImageFormat.Png);
                Add(tar, $"{image:D6}.png", png);
                Add(tar, $"{image:D6}.cls", Encoding.UTF8.GetBytes(images.ClassIds[image].ToString(CultureInfo.InvariantCulture)));
            }
        }
    }

    private static void Add(TarWriter tar, string name, byte[] content) =>
        tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
}
