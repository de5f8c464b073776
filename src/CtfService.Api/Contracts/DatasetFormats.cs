using CtfService.Datasets.Plans;

namespace CtfService.Api.Contracts;

/// <summary>Names of the formats of data sets.</summary>
internal static class DatasetFormats
{
    private static readonly DatasetFormat[] All = Enum.GetValues<DatasetFormat>();

    /// <summary>For messages: "imagefolder, webdataset, npz or parquet".</summary>
    public static string Names { get; } = $"{string.Join(", ", All.SkipLast(1).Select(Name))} or {Name(All[^1])}";

    public static string Name(DatasetFormat format) => format switch
    {
        DatasetFormat.Imagefolder => "imagefolder",
        DatasetFormat.Webdataset => "webdataset",
        DatasetFormat.Npz => "npz",
        DatasetFormat.Parquet => "parquet",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown format of data sets."),
    };

    public static DatasetFormat? Find(string name) => All.Where(format => Name(format) == name).Select(format => (DatasetFormat?)format).FirstOrDefault();
}
