using CtfService.Datasets.Formats;

namespace CtfService.Api.Datasets;

/// <summary>The names that the files of a data set have in the file store.</summary>
/// <param name="id">Id of the job.</param>
internal sealed class DatasetFolder(string id)
{
    /// <summary>Start of the names of all files.</summary>
    public string Prefix { get; } = $"datasets/{id}/";

    /// <summary>Start of the names of the files that the caller gets.</summary>
    public string Results => $"{Prefix}files/";

    /// <summary>Returns the name of a file that the caller gets.</summary>
    public string Result(string name) => $"{Results}{name}";

    /// <summary>Returns the name of the file of a shard: that of the caller's file, or of a part of one.</summary>
    public string Shard(ShardFormat format, int number) =>
        format.ShardsAreParts ? $"{Prefix}parts/{format.ShardName(number)}" : Result(format.ShardName(number));

    /// <summary>Returns the name of the <see cref="ShardRecord"/> of a shard.</summary>
    public string Record(int number) => FormattableString.Invariant($"{Prefix}records/{number:000000}.json");
}
