using System.Text.Json;
using CtfService.Training.Data.Labels;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// A Parquet file of images in the form of Hugging Face's datasets: a column <c>image</c>, a struct with <c>bytes</c> or the bytes themselves, and a column
/// <c>label</c> with ids or names. Reads one row group at a time. Not thread-safe.
/// </summary>
internal sealed class ParquetFile : IDisposable
{
    private const string BytesField = "bytes";
    private const string HuggingFaceKey = "huggingface";

    private static readonly string[] ImageColumns = ["image", "img"];
    private static readonly string[] LabelColumns = ["label", "class_id", "class_label", "labels", "fine_label", "cls"];

    private static readonly Watchdog Watchdog = new(TimeSpan.FromMinutes(1));

    private readonly string _path;
    private readonly FileStream _file;
    private readonly ParquetReader _reader;
    private readonly DataField _image;
    private readonly DataField? _label;

    /// <exception cref="DatasetException">The file is damaged, or it has no column of images.</exception>
    public ParquetFile(string path)
    {
        _path = path;
        _file = File.OpenRead(path);
        try
        {
            _reader = Guarded(() => Await(ParquetReader.CreateAsync(_file, leaveStreamOpen: true)));
            var columns = Guarded(() => _reader.Schema.Fields);
            _image = ImageColumns.Select(name => BytesOf(columns, name)).FirstOrDefault(field => field is not null) ?? throw new DatasetException(
                $"'{path}' has no column of images; expected 'image', a struct with the binary field 'bytes', or binary itself. "
                + $"It has the columns {NameList.Of([.. columns.Select(column => column.Name)])}.");
            _label = LabelColumns.Select(name => Named(columns, name)).OfType<DataField>().FirstOrDefault();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Returns the class names in the description that Hugging Face's tools write; the position is the id.</summary>
    /// <returns>Null if there is no such description.</returns>
    public IReadOnlyList<string>? ClassNames()
    {
        if (_label is null || Guarded(() => _reader.CustomMetadata)?.GetValueOrDefault(HuggingFaceKey) is not { } text)
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.GetProperty("info").GetProperty("features").GetProperty(_label.Name).GetProperty("names").EnumerateArray()
                .Select(name => ClassName.Composed(name.GetString()!))
                .ToList();
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null; // the label is not a ClassLabel
        }
    }

    /// <summary>Reads the labels of all rows; null for a row without a label.</summary>
    /// <exception cref="DatasetException">The column is damaged, or it holds neither integers nor text.</exception>
    public List<ImageLabel?> Labels()
    {
        var labels = new List<ImageLabel?>();
        for (var group = 0; group < RowGroups; group++)
        {
            labels.AddRange(Guarded(() => _label is null ? [.. new ImageLabel?[Rows(group)]] : Read(group, _label, LabelsOf)));
        }

        return labels;
    }

    /// <summary>Reads the bytes of the image in each row; null for a row without.</summary>
    /// <exception cref="DatasetException">The column is damaged.</exception>
    public IEnumerable<byte[]?> Images()
    {
        for (var group = 0; group < RowGroups; group++)
        {
            var images = Guarded(() => Read(group, _image, column => Values<ReadOnlyMemory<byte>, byte[]>(column, _image, bytes => bytes.ToArray())));
            for (var row = 0; row < images.Count; row++)
            {
                yield return images[row];
                images[row] = null; // so that an image lives no longer than it is used
            }
        }
    }

    public void Dispose() => _file.Dispose(); // the reader owns nothing else

    private int RowGroups => Guarded(() => _reader.RowGroupCount);

    private List<T> Read<T>(int group, DataField field, Func<RawColumnData, List<T>> values)
    {
        var rows = Rows(group);
        using var reader = _reader.OpenRowGroupReader(group);
        using var column = Await(reader.ReadRawColumnDataBaseAsync(field, CancellationToken.None));
        var read = values(column);
        return read.Count == rows ? read : throw new InvalidDataException($"column '{field.Path}' has {read.Count} values for {rows} rows");
    }

    private int Rows(int group) => checked((int)_reader.RowGroups[group].RowCount);

    private List<ImageLabel?> LabelsOf(RawColumnData column)
    {
        List<ImageLabel?> Of<T>(Func<T, ImageLabel?> label)
            where T : struct => Values(column, _label!, label);
        return column switch
        {
            RawColumnData<long> => Of<long>(ImageLabel.Of),
            RawColumnData<int> => Of<int>(id => ImageLabel.Of(id)),
            RawColumnData<short> => Of<short>(id => ImageLabel.Of(id)),
            RawColumnData<sbyte> => Of<sbyte>(id => ImageLabel.Of(id)),
            RawColumnData<byte> => Of<byte>(id => ImageLabel.Of(id)),
            RawColumnData<ushort> => Of<ushort>(id => ImageLabel.Of(id)),
            RawColumnData<uint> => Of<uint>(id => ImageLabel.Of(id)),
            RawColumnData<ulong> => Of<ulong>(id => ImageLabel.Of(checked((long)id))),
            RawColumnData<ReadOnlyMemory<char>> => Of<ReadOnlyMemory<char>>(name => ImageLabel.Of(name.ToString())),
            _ => throw new DatasetException(
                $"'{_path}' has labels of type {_label!.ClrType.Name} in column '{_label.Name}'; expected integers (class ids) or strings (class names)."),
        };
    }

    // The library's own list of values with nulls is wrong inside structs.
    /// <summary>Returns the value of each row; null where it, or the struct around it, is null.</summary>
    private static List<TResult?> Values<T, TResult>(RawColumnData column, DataField field, Func<T, TResult?> convert)
        where T : struct
        where TResult : class
    {
        var values = ((RawColumnData<T>)column).Values;
        var levels = field.MaxDefinitionLevel == 0 ? [] : column.DefinitionLevels; // a required column has no levels, and the library throws
        var rows = new List<TResult?>();
        var next = 0;
        for (var row = 0; row < (levels.IsEmpty ? values.Length : levels.Length); row++)
        {
            rows.Add(levels.IsEmpty || levels[row] == field.MaxDefinitionLevel ? convert(values[next++]) : null);
        }

        return rows;
    }

    private static DataField? BytesOf(IReadOnlyList<Field> columns, string name) => Named(columns, name) switch
    {
        StructField image => image.Fields.OfType<DataField>().FirstOrDefault(field => field.Name == BytesField && IsBinary(field)),
        DataField bytes when IsBinary(bytes) => bytes,
        _ => null,
    };

    private static Field? Named(IReadOnlyList<Field> columns, string name) => columns.FirstOrDefault(column => column.Name == name);

    private static bool IsBinary(DataField field) => field is { MaxRepetitionLevel: 0 } && field.ClrType == typeof(ReadOnlyMemory<byte>);

    /// <summary>The library reports damage with exceptions of any type, such as those for an index out of range.</summary>
    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return Watchdog.Run(read, () => _file.Position);
        }
        catch (Exception exception) when (exception is not (DatasetException or OutOfMemoryException))
        {
            throw new DatasetException($"'{_path}' is damaged, truncated or not a Parquet file ({exception.Message}). Write it again.", exception);
        }
    }

    /// <summary>The library reads asynchronously only. The file is local, and the thread has nothing else to do.</summary>
    private static T Await<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static T Await<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();

}
