using CtfService.Api.Configuration;
using CtfService.Api.Errors;

namespace CtfService.Api.Uploads;

/// <summary>Bounds how many uploads are held at the same time, and how many bytes they take together. Any thread.</summary>
internal sealed class UploadGate(LimitsOptions limits)
{
    /// <summary>An upload is held while it is received and decoded, which takes seconds.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private readonly Lock _access = new();
    private int _uploads;
    private long _bytes;

    /// <summary>Uploads held now, and the bytes reserved for them.</summary>
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

    /// <summary>Room for one upload until it is disposed of.</summary>
    /// <param name="bytes">What the upload may take at most.</param>
    /// <exception cref="RequestRefusedException">429: there is no room.</exception>
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

    /// <param name="uploads">As many as there may be.</param>
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
