using System.Globalization;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Plans;
using CtfService.Model.Imaging;

namespace CtfService.Datasets.Formats;

/// <summary>
/// WebDataset: tar files in which the members of an image are neighbours and share their name: the image, <c>.cls</c> with the class id as text, and
/// <c>.json</c> with the provenance.
/// </summary>
internal sealed class WebdatasetFormat(Dataset dataset) : ShardFormat(dataset)
{
    public override string ShardName(int number) => FormattableString.Invariant($"{Dataset.Plan.Name}-{number:000000}.tar");

    public override async Task WriteShardAsync(Stream output, IEnumerable<EncodedImage> images, CancellationToken cancellation = default)
    {
        await using var tar = new TarShard(output);
        foreach (var image in images)
        {
            var key = Dataset.Key(image.Planned.Index);
            await tar.AddAsync(key + Extension, image.Content, cancellation);
            await tar.AddAsync($"{key}.cls", Encoding.ASCII.GetBytes(ClassId(image.Planned)), cancellation);
            await tar.AddAsync($"{key}.json", Encoding.UTF8.GetBytes(ProvenanceJson.Serialize(Provenance(image.Planned))), cancellation);
        }
    }

    private static string ClassId(PlannedImage planned) => planned.Specification.ClassId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Returns what the image file states too.</summary>
    private ImageProvenance Provenance(PlannedImage planned) => ImageProvenance.Of(Dataset.Model, planned.Specification) with
    {
        Quality = Dataset.Plan.ImageFormat == ImageFormat.Png ? null : Dataset.Plan.Quality,
    };
}
