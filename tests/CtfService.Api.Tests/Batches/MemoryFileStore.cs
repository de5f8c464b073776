using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using CtfService.Jobs.Files;

namespace CtfService.Api.Tests.Batches;

/// <summary>A file store in memory, whose files a test can change.</summary>
internal sealed class MemoryFileStore : IFileStore
{
    /// <summary>Content of every file.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = [];

    /// <summary>Called with the name of a file before it appears; may throw, as if the process had ended then.</summary>
    public Action<string> BeforePublish { get; set; } = _ => { };

    /// <summary>Called with the name of a file before it is deleted.</summary>
    public Action<string> BeforeDelete { get; set; } = _ => { };

    public string Text(string name) => System.Text.Encoding.UTF8.GetString(Files[name]);

    public Task<StoredFile?> FindAsync(string name, CancellationToken cancellation) =>
        Task.FromResult(Files.TryGetValue(name, out var content) ? new StoredFile(name, content.Length, default) : null);

    public Task<Stream?> OpenAsync(string name, long offset, long? length, CancellationToken cancellation) => Task.FromResult<Stream?>(
        Files.TryGetValue(name, out var content)
            ? new MemoryStream(content, (int)offset, (int)(length ?? content.Length - offset), writable: false)
            : null);

    public async Task<bool> PublishAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        await write(content, cancellation);
        BeforePublish(name);
        return Files.TryAdd(name, content.ToArray());
    }

    public async IAsyncEnumerable<StoredFile> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var found = Files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal)).OrderBy(file => file.Key, StringComparer.Ordinal);
        foreach (var (name, content) in found)
        {
            await Task.Yield();
            yield return new StoredFile(name, content.Length, default);
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        BeforeDelete(name);
        Files.TryRemove(name, out _);
        return Task.CompletedTask;
    }
}
