using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Formats;

/// <summary>
/// ImageFolder: one folder per class, named as <c>ctf generate</c> names it. A shard is a tar file; all shards unpacked into one folder are the data set.
/// </summary>
public sealed class ImagefolderFormat(Dataset dataset) : ShardFormat(dataset)
{
    public override string ShardName(int number) => FormattableString.Invariant($"{Dataset.Plan.Name}-{number:000000}.tar");

    /// <summary>Returns the path of an image in the data set, with forward slashes.</summary>
    public string FileName(int index) => $"{Dataset.Model.Classes.FileNames[Dataset.ClassOf(index).Id]}/{Dataset.Key(index)}{Extension}";

    public override async Task WriteShardAsync(Stream output, IEnumerable<EncodedImage> images, CancellationToken cancellation = default)
    {
        await using var tar = new TarShard(output);
        foreach (var image in images)
        {
            await tar.AddAsync(FileName(image.Planned.Index), image.Content, cancellation);
        }
    }
}
