using System.Text.Json;
using CtfService.Datasets.Plans;
using Parquet;
using Parquet.Schema;

namespace CtfService.Datasets.Formats;

/// <summary>
/// Parquet files with the columns <c>image</c> (<c>bytes</c>, the image file, and <c>path</c>) and <c>label</c> (class id), in the schema of Hugging Face's
/// image data sets. <c>datasets</c> reads class names and the type of the image from the metadata of the file.
/// </summary>
internal sealed class ParquetFormat : ShardFormat
{
    /// <summary>Rows that a reader must decode at once. Hugging Face uses the same number for images.</summary>
    private const int RowGroupSize = 100;

    /// <summary>Definition level of a value whose <c>image</c> and own column are present; Parquet.Net makes both optional.</summary>
    private const int Present = 2;

    // Image files are compressed already.
    private static readonly ParquetOptions Options = new() { CompressionMethod = CompressionMethod.None, DictionaryEncodingThreshold = 0 };

    private readonly DataField _bytes = new("bytes", typeof(ReadOnlyMemory<byte>), isNullable: true);
    private readonly DataField _path = new("path", typeof(ReadOnlyMemory<char>), isNullable: true);
    private readonly DataField _label = new DataField<long>("label");
    private readonly ParquetSchema _schema;
    private readonly ImagefolderFormat _names;

    public ParquetFormat(Dataset dataset)
        : base(dataset)
    {
        _schema = new ParquetSchema(new StructField("image", _bytes, _path), _label);
        _names = new ImagefolderFormat(dataset);
    }

    public override string ShardName(int number) =>
        FormattableString.Invariant($"{Dataset.Plan.Name}-{number:00000}-of-{Dataset.ShardCount:00000}.parquet");

    public override async Task WriteShardAsync(Stream output, IEnumerable<EncodedImage> images, CancellationToken cancellation = default)
    {
        await using var writer = await ParquetWriter.CreateAsync(_schema, output, Options, cancellationToken: cancellation);
        writer.CustomMetadata = new Dictionary<string, string> { ["huggingface"] = Features() };
        foreach (var rows in images.Chunk(RowGroupSize))
        {
            await WriteAsync(writer, rows, cancellation);
        }
    }

    private async Task WriteAsync(ParquetWriter writer, EncodedImage[] rows, CancellationToken cancellation)
    {
        var present = new int[rows.Length];
        Array.Fill(present, Present);
        ReadOnlyMemory<byte>[] bytes = [.. rows.Select(row => row.Content)];
        ReadOnlyMemory<char>[] paths = [.. rows.Select(row => _names.FileName(row.Planned.Index).AsMemory())];
        long[] labels = [.. rows.Select(row => (long)row.Planned.Specification.ClassId)];
        using var group = writer.CreateRowGroup();
        await group.WriteAllPartsAsync<ReadOnlyMemory<byte>>(_bytes, bytes, present, null, cancellation);
        await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(_path, paths, present, null, cancellation);
        await group.WriteAsync<long>(_label, labels, cancellationToken: cancellation);
        group.CompleteValidate();
    }

    /// <summary>Returns the features of the columns as <c>datasets</c> stores them in the schema.</summary>
    private string Features()
    {
        var names = Dataset.Model.Classes.Labels.Select(label => label.Name);
        var features = new
        {
            image = new { _type = "Image" },
            label = new { names, _type = "ClassLabel" },
        };
        return JsonSerializer.Serialize(new { info = new { features } });
    }
}
