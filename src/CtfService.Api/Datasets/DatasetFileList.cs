using CtfService.Jobs.Files;

namespace CtfService.Api.Datasets;

/// <summary>Lists and deletes the files of data sets. Thread-safe.</summary>
internal sealed class DatasetFileList(IFileStore files)
{
    /// <summary>Returns the files that the caller gets, as far as they exist, in the order of their names. Each is complete.</summary>
    public async Task<IReadOnlyList<ResultFile>> ListAsync(DatasetFolder folder, CancellationToken cancellation)
    {
        List<ResultFile> found = [];
        await foreach (var file in files.ListAsync(folder.Results, cancellation))
        {
            found.Add(new ResultFile(file.Name[folder.Results.Length..], file.Length));
        }

        return found;
    }

    /// <summary>Deletes the files that the caller does not get: parts and records.</summary>
    public Task DeleteInnerAsync(DatasetFolder folder, CancellationToken cancellation) =>
        DeleteAsync(folder, name => !name.StartsWith(folder.Results, StringComparison.Ordinal), cancellation);

    /// <summary>Deletes all files.</summary>
    public Task DeleteAsync(DatasetFolder folder, CancellationToken cancellation) => DeleteAsync(folder, _ => true, cancellation);

    private async Task DeleteAsync(DatasetFolder folder, Func<string, bool> isUnneeded, CancellationToken cancellation)
    {
        List<string> names = [];
        await foreach (var file in files.ListAsync(folder.Prefix, cancellation))
        {
            names.Add(file.Name);
        }

        foreach (var name in names.Where(isUnneeded))
        {
            await files.DeleteAsync(name, cancellation);
        }
    }
}
