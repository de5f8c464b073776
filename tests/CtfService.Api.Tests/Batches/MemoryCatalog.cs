using System.Collections.Concurrent;
using CtfService.Jobs.Store;

namespace CtfService.Api.Tests.Batches;

/// <summary>Rows of files in memory. Adding a row twice fails, as a database would.</summary>
internal sealed class MemoryCatalog : IUploadCatalog
{
    public ConcurrentDictionary<string, UploadedFile> Rows { get; } = [];

    public Task AddAsync(UploadedFile file, CancellationToken cancellation) =>
        Rows.TryAdd(file.Id, file) ? Task.CompletedTask : throw new InvalidOperationException($"{file.Id} is there already.");

    public Task<UploadedFile?> FindAsync(string tenant, string id, CancellationToken cancellation) =>
        Task.FromResult(Rows.TryGetValue(id, out var file) && file.Tenant == tenant ? file : null);

    public Task<(IReadOnlyList<UploadedFile> Files, bool HasMore)> ListAsync(
        string tenant, string? purpose, string? after, int limit, bool newestFirst, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<bool> DeleteAsync(string tenant, string id, CancellationToken cancellation) => Task.FromResult(Rows.TryRemove(id, out _));

    public Task<long> BytesAsync(string tenant, CancellationToken cancellation) => throw new NotSupportedException();
}
