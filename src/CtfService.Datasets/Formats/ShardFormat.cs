using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Plans;
using CtfService.Model.Imaging;

namespace CtfService.Datasets.Formats;

/// <summary>
/// Writes the shards of a data set, each as one file whose bytes depend on the plan, the model and the pixels alone. Thread-safe.
/// </summary>
public abstract class ShardFormat
{
    protected ShardFormat(Dataset dataset) => Dataset = dataset;

    public Dataset Dataset { get; }

    /// <summary>True if the shards only serve to make a final file, and are deleted afterwards.</summary>
    public virtual bool ShardsAreParts => false;

    /// <summary>Returns the format that the plan names.</summary>
    public static ShardFormat Of(Dataset dataset) => dataset.Plan.Format switch
    {
        DatasetFormat.Imagefolder => new ImagefolderFormat(dataset),
        DatasetFormat.Webdataset => new WebdatasetFormat(dataset),
        DatasetFormat.Npz => new NpzFormat(dataset),
        DatasetFormat.Parquet => new ParquetFormat(dataset),
        var format => throw new ArgumentOutOfRangeException(nameof(dataset), format, "Unknown data set format."),
    };

    /// <summary>Returns the file name of a shard.</summary>
    public abstract string ShardName(int number);

    /// <summary>Writes the file of a shard.</summary>
    /// <param name="output">Need not be seekable. Not disposed.</param>
    /// <param name="images">All images of the shard, in order. Enumerated once, so they may be read while the shard is written.</param>
    public abstract Task WriteShardAsync(Stream output, IEnumerable<EncodedImage> images, CancellationToken cancellation = default);

    /// <summary>Encodes an image as the format stores it: by default as an image file with its provenance.</summary>
    public virtual EncodedImage Encode(PlannedImage planned, RgbImage image) =>
        new(planned, ImageFile.Encode(image, ImageProvenance.Of(Dataset.Model, planned.Specification), Dataset.Plan.ImageFormat, Dataset.Plan.Quality));

    /// <summary>Extension of the image files, with the dot.</summary>
    protected string Extension => Dataset.Plan.ImageFormat switch
    {
        ImageFormat.Png => ".png",
        ImageFormat.Jpeg => ".jpg",
        ImageFormat.Webp => ".webp",
        var format => throw new InvalidOperationException($"Image format {format} has no extension."),
    };
}
