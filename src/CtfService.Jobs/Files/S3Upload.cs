using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace CtfService.Jobs.Files;

/// <summary>
/// Writes one object: in one request if it is small, otherwise in parts, which are sent while it is written, so that a part at most is held in memory. The
/// object appears when it is complete. Dispose it to discard what was not completed. Not thread-safe.
/// </summary>
internal sealed class S3Upload(
    IAmazonS3 client, string bucket, string key, Func<Exception, FileStoreUnavailableException> describe, CancellationToken cancellation)
    : Stream
{
    private const int PartBytes = 8 << 20;

    /// <summary>A storage accepts 10,000 parts; parts grow, so that they hold a terabyte.</summary>
    private const int PartsOfASize = 1_000;

    /// <summary>Tries of a write that the storage reports as conflicting with another one.</summary>
    private const int ConflictTries = 3;

    private readonly List<PartETag> _parts = [];
    private readonly MemoryStream _part = new();
    private string? _id; // of the upload in parts
    private bool _isComplete;
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _written;

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException();
    }

    private int MaxPartBytes => PartBytes * (1 + (_parts.Count / PartsOfASize));

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            if (_part.Length >= MaxPartBytes)
            {
                await AttemptAsync(SendPartAsync).ConfigureAwait(false);
            }

            var count = (int)Math.Min(buffer.Length, MaxPartBytes - _part.Length);
            _part.Write(buffer.Span[..count]);
            _written += count;
            buffer = buffer[count..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellation).AsTask().GetAwaiter().GetResult();

    /// <summary>Completes the object.</summary>
    /// <returns>False if an object with the key exists.</returns>
    public async Task<bool> CompleteAsync()
    {
        var isNew = false;
        await AttemptAsync(async () => isNew = _id is null ? await PutAsync().ConfigureAwait(false) : await JoinAsync().ConfigureAwait(false))
            .ConfigureAwait(false);
        return isNew;
    }

    public override async ValueTask DisposeAsync()
    {
        await _part.DisposeAsync().ConfigureAwait(false);
        if (_id is not null && !_isComplete)
        {
            try
            {
                await client.AbortMultipartUploadAsync(bucket, key, _id, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception error) when (S3Errors.IsOfStorage(error, CancellationToken.None))
            {
                // The lifecycle rule of the bucket deletes parts that are left.
            }
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task SendPartAsync()
    {
        _id ??= (await client.InitiateMultipartUploadAsync(bucket, key, cancellation).ConfigureAwait(false)).UploadId;
        var request = new UploadPartRequest
        {
            BucketName = bucket,
            Key = key,
            UploadId = _id,
            PartNumber = _parts.Count + 1,
            InputStream = Content(),
            UseChunkEncoding = false, // not every storage knows it
        };
        var sent = await client.UploadPartAsync(request, cancellation).ConfigureAwait(false);
        _parts.Add(new PartETag(_parts.Count + 1, sent.ETag));
        _part.SetLength(0);
    }

    private Task<bool> PutAsync() => IfNewAsync(condition => client.PutObjectAsync(
        new PutObjectRequest { BucketName = bucket, Key = key, InputStream = Content(), UseChunkEncoding = false, IfNoneMatch = condition },
        cancellation));

    private async Task<bool> JoinAsync()
    {
        await SendPartAsync().ConfigureAwait(false);
        return _isComplete = await IfNewAsync(condition => client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = _id, PartETags = _parts, IfNoneMatch = condition },
            cancellation)).ConfigureAwait(false);
    }

    /// <summary>Writes on the condition that no object has the key; without the condition if the storage does not know it.</summary>
    private static async Task<bool> IfNewAsync(Func<string?, Task> write)
    {
        var condition = "*";
        for (var tries = 1; ; tries++)
        {
            try
            {
                await write(condition).ConfigureAwait(false);
                return true;
            }
            catch (AmazonS3Exception taken) when (taken.StatusCode == HttpStatusCode.PreconditionFailed)
            {
                return false;
            }
            catch (AmazonS3Exception unknown) when (unknown.StatusCode == HttpStatusCode.NotImplemented && condition is not null)
            {
                condition = null; // PublishAsync has just checked that there is no such object
            }
            catch (AmazonS3Exception conflict) when (conflict.StatusCode == HttpStatusCode.Conflict && tries < ConflictTries)
            {
                // Another writer of the same key at the same moment; the next try finds its object.
            }
        }
    }

    /// <summary>Returns the part for a request, which reads it from the start and may repeat it.</summary>
    private MemoryStream Content() => new(_part.GetBuffer(), 0, (int)_part.Length, writable: false);

    private async Task AttemptAsync(Func<Task> operation)
    {
        try
        {
            await operation().ConfigureAwait(false);
        }
        catch (Exception error) when (S3Errors.IsOfStorage(error, cancellation))
        {
            throw describe(error);
        }
    }
}
