using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using CtfService.Jobs.Files;

namespace CtfService.Jobs.Tests;

/// <summary>Files in memory.</summary>
internal sealed class MemoryFileStore : IFileStore
{
    private readonly ConcurrentDictionary<string, byte[]> _files = [];

    /// <summary>Time of all files.</summary>
    public DateTimeOffset WrittenAt { get; set; } = DateTimeOffset.UnixEpoch;

    public Task<StoredFile?> FindAsync(string name, CancellationToken cancellation) =>
        Task.FromResult(_files.TryGetValue(name, out var content) ? new StoredFile(name, content.Length, WrittenAt) : null);

    public Task<Stream?> OpenAsync(string name, long offset, long? length, CancellationToken cancellation) =>
        Task.FromResult<Stream?>(_files.TryGetValue(name, out var content) ? new MemoryStream(content[(int)offset..]) : null);

    public async Task<bool> PublishAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        await write(content, cancellation);
        return _files.TryAdd(name, content.ToArray());
    }

    public async IAsyncEnumerable<StoredFile> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var found = _files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal));
        foreach (var (name, content) in found.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            yield return new StoredFile(name, content.Length, WrittenAt);
            await Task.CompletedTask;
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        _files.TryRemove(name, out _);
        return Task.CompletedTask;
    }
}
