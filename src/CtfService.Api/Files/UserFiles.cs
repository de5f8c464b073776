using CtfService.Api.Errors;
using CtfService.Api.Responses;
using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Api.Files;

/// <summary>
/// The files of callers: rows in the catalog, content in the store. A file appears when both are complete, content first. Thread-safe.
/// </summary>
internal sealed class UserFiles(IFileStore store, IUploadCatalog catalog, FileUploadReader reader, JobsOptions jobs, TimeProvider clock)
    : IDisposable
{
    private const string IdPrefix = "file-";

    /// <summary>Uploads end one by one, so that those of one key cannot exceed the quota together. In other processes, they can by one file each.</summary>
    private readonly SemaphoreSlim _ending = new(1, 1);

    public static ApiError NotFound(string id) => new(
        StatusCodes.Status404NotFound,
        $"No file '{id}' belongs to this key. It may have expired or been deleted; GET /v1/files lists your files.",
        "file_not_found",
        "id");

    /// <summary>Error for a file whose content was deleted from the storage by something else.</summary>
    public static ApiError ContentMissing(string id) => new(
        StatusCodes.Status404NotFound,
        $"The content of the file '{id}' is missing from the storage. Upload it again; for an output, run the batch again.",
        "file_content_missing",
        "id");

    public static ApiError QuotaExceeded(long stored, long added, long most) => new(
        StatusCodes.Status413PayloadTooLarge,
        $"The files of this key have {stored} bytes; with {added} more they exceed {most}, the limit in Jobs:MaxStoredBytes. "
        + "Delete files that you no longer need, or ask the operator of this service to raise the limit.",
        "storage_quota_exceeded",
        "file");

    /// <summary>Receives an upload. If anything fails, nothing is kept.</summary>
    /// <exception cref="RequestRefusedException">The form is invalid, or the file exceeds a limit.</exception>
    public async Task<UploadedFile> ReceiveAsync(HttpRequest request, string tenant, CancellationToken cancellation)
    {
        await RequireRoomAsync(tenant, Math.Max(0, (request.ContentLength ?? 0) - FileUploadReader.MarginBytes), cancellation); // before it is sent
        var id = JobIds.New(IdPrefix);
        var name = UploadedFile.UploadPrefix + id;
        FileUpload upload = null!;
        await store.PublishAsync(name, async (target, stop) => upload = await reader.ReadAsync(request, target, stop), cancellation);
        try
        {
            var now = clock.GetUtcNow();
            var file = new UploadedFile(id, tenant, upload.FileName, upload.Bytes, upload.Purpose, name, now, now + (upload.Lifetime ?? jobs.Retention));
            await AddAsync(file, cancellation);
            return file;
        }
        catch
        {
            await store.DeleteAsync(name, CancellationToken.None);
            throw;
        }
    }

    /// <exception cref="RequestRefusedException">404: there is no such file of this owner.</exception>
    public async Task<UploadedFile> FindAsync(string tenant, string id, CancellationToken cancellation) =>
        await catalog.FindAsync(tenant, id, cancellation) ?? throw new RequestRefusedException(NotFound(id));

    /// <exception cref="RequestRefusedException">404: there is no such file of this owner, or its content is missing.</exception>
    public async Task<StoredFileResult> DownloadAsync(string tenant, string id, CancellationToken cancellation)
    {
        var file = await FindAsync(tenant, id, cancellation);
        return await StoredFileResult.FindAsync(store, file.StoredName, file.FileName, cancellation)
            ?? throw new RequestRefusedException(ContentMissing(id));
    }

    /// <exception cref="RequestRefusedException">404: there is no such file of this owner.</exception>
    public async Task DeleteAsync(string tenant, string id, CancellationToken cancellation)
    {
        var file = await FindAsync(tenant, id, cancellation);
        await store.DeleteAsync(file.StoredName, CancellationToken.None); // first: without a row, content that is left would be kept for ever
        if (!await catalog.DeleteAsync(tenant, id, cancellation))
        {
            throw new RequestRefusedException(NotFound(id)); // another request deleted it meanwhile
        }
    }

    /// <exception cref="RequestRefusedException">400: the owner has no file with the id that the page should start after.</exception>
    public async Task<(IReadOnlyList<UploadedFile> Files, bool HasMore)> ListAsync(
        string tenant, string? purpose, string? after, int limit, bool newestFirst, CancellationToken cancellation)
    {
        if (after is not null && await catalog.FindAsync(tenant, after, cancellation) is null)
        {
            throw RequestRefusedException.For(
                "after", "invalid_value", "after names no file of this key. Send the last_id of the previous page; if it was deleted, list from the start.");
        }

        return await catalog.ListAsync(tenant, purpose, after, limit, newestFirst, cancellation);
    }

    public void Dispose() => _ending.Dispose();

    private async Task AddAsync(UploadedFile file, CancellationToken cancellation)
    {
        await _ending.WaitAsync(cancellation);
        try
        {
            await RequireRoomAsync(file.Tenant, file.Bytes, cancellation);
            await catalog.AddAsync(file, cancellation);
        }
        finally
        {
            _ending.Release();
        }
    }

    private async Task RequireRoomAsync(string tenant, long added, CancellationToken cancellation)
    {
        if (jobs.MaxStoredBytes > 0
            && await catalog.BytesAsync(tenant, cancellation) is var stored
            && stored + added > jobs.MaxStoredBytes)
        {
            throw new RequestRefusedException(QuotaExceeded(stored, added, jobs.MaxStoredBytes));
        }
    }
}
