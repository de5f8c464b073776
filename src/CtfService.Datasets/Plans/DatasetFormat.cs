namespace CtfService.Datasets.Plans;

/// <summary>How a data set is stored. The names in lower case are those of the command line, of the API and of <c>dataset.json</c>.</summary>
public enum DatasetFormat
{
    /// <summary>One folder per class with image files, and <c>metadata.jsonl</c>.</summary>
    Imagefolder,

    /// <summary>Tar files that group the files of an image by their name.</summary>
    Webdataset,

    /// <summary>One NumPy archive with all pixels and all labels.</summary>
    Npz,

    /// <summary>Parquet files with a row for each image.</summary>
    Parquet,
}
