using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace CtfService.Jobs.Files;

/// <summary>Keeps files in a bucket of an S3-compatible storage. Thread-safe; several processes on any machines may share it.</summary>
/// <remarks>
/// The first complete file wins through conditional writes (<c>If-None-Match: *</c>), which Amazon, MinIO, Ceph and others have. Without them, a check and a
/// write are two steps, and of two writers at the same moment the last may win; either file is complete.
/// </remarks>
internal sealed class S3FileStore(IAmazonS3 client, string bucket, string prefix) : IFileStore, IDisposable
{
    public async Task<StoredFile?> FindAsync(string name, CancellationToken cancellation)
    {
        FileNames.Require(name);
        try
        {
            var found = await client.GetObjectMetadataAsync(bucket, prefix + name, cancellation).ConfigureAwait(false);
            return new StoredFile(name, found.ContentLength, Time(found.LastModified));
        }
        catch (AmazonS3Exception missing) when (S3Errors.IsMissing(missing))
        {
            return null;
        }
        catch (Exception error) when (S3Errors.IsOfStorage(error, cancellation))
        {
            throw Describe(error);
        }
    }

    public async Task<Stream?> OpenAsync(string name, long offset, long? length, CancellationToken cancellation)
    {
        FileNames.Require(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (length == 0)
        {
            return await FindAsync(name, cancellation).ConfigureAwait(false) is null ? null : Stream.Null; // no range is empty
        }

        var request = new GetObjectRequest { BucketName = bucket, Key = prefix + name };
        if (offset > 0 || length is not null)
        {
            request.ByteRange = new ByteRange(offset, length is null ? long.MaxValue : offset + length.Value - 1);
        }

        try
        {
            var found = await client.GetObjectAsync(request, cancellation).ConfigureAwait(false);
            return new ReadingStream(found.ResponseStream, found.ContentLength, Describe);
        }
        catch (AmazonS3Exception missing) when (S3Errors.IsMissing(missing))
        {
            return null;
        }
        catch (AmazonS3Exception behind) when (behind.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return Stream.Null; // the file ends before the offset
        }
        catch (Exception error) when (S3Errors.IsOfStorage(error, cancellation))
        {
            throw Describe(error);
        }
    }

    public async Task<bool> PublishAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        FileNames.Require(name);
        var upload = new S3Upload(client, bucket, prefix + name, Describe, cancellation);
        await using (upload.ConfigureAwait(false))
        {
            await write(upload, cancellation).ConfigureAwait(false);
            return await FindAsync(name, cancellation).ConfigureAwait(false) is null && await upload.CompleteAsync().ConfigureAwait(false);
        }
    }

    public async IAsyncEnumerable<StoredFile> ListAsync(string start, [EnumeratorCancellation] CancellationToken cancellation)
    {
        FileNames.RequirePrefix(start);
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix + start };
        ListObjectsV2Response page;
        do
        {
            page = await ListAsync(request, cancellation).ConfigureAwait(false);
            foreach (var found in page.S3Objects ?? [])
            {
                yield return new StoredFile(found.Key[prefix.Length..], found.Size ?? 0, Time(found.LastModified));
            }

            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        FileNames.Require(name);
        try
        {
            await client.DeleteObjectAsync(bucket, prefix + name, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (S3Errors.IsOfStorage(error, cancellation))
        {
            throw Describe(error);
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<ListObjectsV2Response> ListAsync(ListObjectsV2Request request, CancellationToken cancellation)
    {
        try
        {
            return await client.ListObjectsV2Async(request, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (S3Errors.IsOfStorage(error, cancellation))
        {
            throw Describe(error);
        }
    }

    private static DateTimeOffset Time(DateTime? modified) => modified is { } time ? new DateTimeOffset(time.ToUniversalTime()) : DateTimeOffset.UnixEpoch;

    private FileStoreUnavailableException Describe(Exception error) =>
        S3Errors.Describe(bucket, client.Config.ServiceURL ?? client.Config.RegionEndpoint?.SystemName, error);
}
