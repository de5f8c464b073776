using CtfService.Core.Generation;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Formats;

/// <summary>NumPy archive: a shard is the pixels of its images, one after the other; the archive is made of all shards at the end.</summary>
internal sealed class NpzFormat(Dataset dataset) : ShardFormat(dataset)
{
    public override bool ShardsAreParts => true;

    public override string ShardName(int number) => FormattableString.Invariant($"{Dataset.Plan.Name}-{number:000000}.pixels");

    public override EncodedImage Encode(PlannedImage planned, RgbImage image) => new(planned, image.Pixels);

    public override async Task WriteShardAsync(Stream output, IEnumerable<EncodedImage> images, CancellationToken cancellation = default)
    {
        foreach (var image in images)
        {
            await output.WriteAsync(image.Content, cancellation);
        }
    }
}
