using CtfService.Api.Configuration;
using CtfService.Api.Errors;

namespace CtfService.Api.Bodies;

/// <summary>Limits the number of uploads that are held at the same time, and their total size. Thread-safe.</summary>
internal sealed class UploadGate(LimitsOptions limits)
{
    /// <summary>Retry delay: an upload is held while it is received and decoded, which takes seconds.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private readonly Lock _access = new();
    private int _uploads;
    private long _bytes;

    /// <summary>Number of uploads that are held, and the bytes reserved for them.</summary>
    public (int Uploads, long Bytes) Held
    {
        get
        {
            lock (_access)
            {
                return (_uploads, _bytes);
            }
        }
    }

    /// <summary>Reserves capacity for one upload until it is disposed.</summary>
    /// <param name="bytes">Maximum size of the upload in bytes.</param>
    /// <exception cref="RequestRefusedException">429: there is no capacity.</exception>
    public Upload Enter(long bytes)
    {
        lock (_access)
        {
            if (_uploads >= limits.MaxUploads)
            {
                throw new RequestRefusedException(TooMany(_uploads));
            }

            if (_bytes + bytes > limits.MaxUploadBufferBytes)
            {
                throw new RequestRefusedException(Full(
                    $"The uploads that are being received take {_bytes} of {limits.MaxUploadBufferBytes} bytes "
                    + $"(Limits:MaxUploadBufferBytes); this one has up to {bytes}."));
            }

            _uploads++;
            _bytes += bytes;
        }

        return new Upload(bytes, () => Leave(bytes));
    }

    /// <param name="uploads">The maximum number of uploads.</param>
    internal static ApiError TooMany(int uploads) => Full($"{uploads} uploads are being received, the limit in Limits:MaxUploads.");

    private void Leave(long bytes)
    {
        lock (_access)
        {
            _uploads--;
            _bytes -= bytes;
        }
    }

    private static ApiError Full(string why) => new(StatusCodes.Status429TooManyRequests, $"{why} Try again in {Retry.TotalSeconds:0} s.", "uploads_full")
    {
        RetryAfter = Retry,
    };
}
